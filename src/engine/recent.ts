/** What is made for a key once and kept for the last few keys; the oldest is dropped for the next. */
export const recent = <K, A>(
  most: number,
  make: (key: K) => A,
  drop: (value: A) => void
): (key: K) => A => {
  const kept = new Map<K, A>()
  return (key) => {
    const found = kept.get(key)
    if (found !== undefined) return found
    if (kept.size >= most) {
      const [oldest, value] = kept.entries().next().value!
      drop(value)
      kept.delete(oldest)
    }
    const made = make(key)
    kept.set(key, made)
    return made
  }
}
