// AssemblyScript, compiled by scripts/build-kernels.ts.

/** dy[o] added to out at the entry that its window took: the first of the largest. */
function give(out: usize, at: i32, dy: f32): void {
  const target = out + (<usize> at << 2)
  store<f32>(target, load<f32>(target) + dy)
}

/** The gradient of max pooling of NHWC tensors; `out` becomes zero first. */
export function maxPoolGradient(
  x: usize,
  dy: usize,
  out: usize,
  images: i32,
  channels: i32,
  inHeight: i32,
  inWidth: i32,
  outHeight: i32,
  outWidth: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32
): void {
  const rowSize = inWidth * channels
  const imageSize = inHeight * rowSize
  memory.fill(out, 0, <usize> (images * imageSize) << 2)
  const whole = channels & ~3
  let incoming = dy
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < outHeight; i++) {
      const top = max(0, i * strideHeight - padTop)
      const bottom = min(inHeight, i * strideHeight - padTop + filterHeight)
      for (let j = 0; j < outWidth; j++) {
        const left = max(0, j * strideWidth - padLeft)
        const right = min(inWidth, j * strideWidth - padLeft + filterWidth)
        // A window that lies in the padding as a whole took nothing.
        if (top >= bottom || left >= right) {
          incoming += <usize> channels << 2
          continue
        }
        const corner = n * imageSize + top * rowSize + left * channels
        for (let k = 0; k < whole; k += 4) {
          let best = v128.load(x + (<usize> (corner + k) << 2))
          let taken = i32x4.splat(corner + k)
          for (let r = top; r < bottom; r++) {
            for (let s = left; s < right; s++) {
              const at = n * imageSize + r * rowSize + s * channels + k
              const value = v128.load(x + (<usize> at << 2))
              const larger = f32x4.gt(value, best)
              best = v128.bitselect(value, best, larger)
              taken = v128.bitselect(i32x4.splat(at), taken, larger)
            }
          }
          give(out, i32x4.extract_lane(taken, 0), load<f32>(incoming))
          give(out, i32x4.extract_lane(taken, 1) + 1, load<f32>(incoming, 4))
          give(out, i32x4.extract_lane(taken, 2) + 2, load<f32>(incoming, 8))
          give(out, i32x4.extract_lane(taken, 3) + 3, load<f32>(incoming, 12))
          incoming += 16
        }
        for (let k = whole; k < channels; k++) {
          let taken = corner + k
          let best = load<f32>(x + (<usize> taken << 2))
          for (let r = top; r < bottom; r++) {
            for (let s = left; s < right; s++) {
              const at = n * imageSize + r * rowSize + s * channels + k
              const value = load<f32>(x + (<usize> at << 2))
              if (value > best) {
                best = value
                taken = at
              }
            }
          }
          give(out, taken, load<f32>(incoming))
          incoming += 4
        }
      }
    }
  }
}
