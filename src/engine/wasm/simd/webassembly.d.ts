// The part of the JavaScript API of WebAssembly that is in use; @types/node leaves it to the DOM library.
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  interface Module {
    readonly customSections?: never
  }
  interface Instance {
    readonly exports: object
  }
  const Module: new(bytes: Uint8Array) => Module
  const Instance: new(module: Module, imports: Readonly<Record<string, object>>) => Instance
  function compile(bytes: Uint8Array): Promise<Module>
  function instantiate(module: Module, imports: Readonly<Record<string, object>>): Promise<Instance>
  function validate(bytes: Uint8Array): boolean
}
