/**
 * WebGPU, as far as this library needs it.
 */

/** What is known of an adapter. */
export interface AdapterInfo {
  readonly vendor: string
  readonly architecture: string
  readonly device: string
  readonly description: string
  readonly isFallbackAdapter?: boolean
}

/** A device, as far as this library needs one. */
export interface Device {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>
  readonly addEventListener: (type: "uncapturederror", listener: (event: GpuErrorEvent) => void) => void
  readonly destroy: () => void
}

/** An error that no operation throws. */
interface GpuErrorEvent {
  readonly error: { readonly message: string }
  readonly preventDefault: () => void
}

/** An adapter, as far as this library needs one. */
export interface Adapter {
  readonly info: AdapterInfo
  readonly features: { readonly has: (feature: string) => boolean }
  readonly limits: Readonly<Record<string, number | undefined>>
  readonly requestDevice: (descriptor: {
    readonly requiredFeatures: ReadonlyArray<string>
    readonly requiredLimits: Readonly<Record<string, number>>
  }) => Promise<Device>
}

/** WebGPU itself. */
export interface Gpu {
  readonly requestAdapter: (options: { readonly powerPreference: "high-performance" }) => Promise<Adapter | null>
}
