/**
 * Signals wait while oneDNN computes.
 *
 * Its generated matrix products take the register of the stack for a pointer into their workspace, up to version 3.11.1
 * (https://github.com/uxlfoundation/oneDNN/issues/4845): a handler that runs then, for the window's size, a child's end
 * or Ctrl+C, writes its frame over the heap. So its threads never take signals, and this one takes them between calls.
 */
import { constants } from "node:os"
import type { Koffi } from "./koffi.ts"

/** Room for a `sigset_t` of any system. */
const setBytes = 128

const [block, restore] = process.platform === "darwin" ? [1, 3] : [0, 2]

/** What a thread's own instructions raise, and what nobody can keep. */
const own = ["SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGABRT"] as const

/** Runs something while this thread, and threads that it starts meanwhile, take no signals. */
export type Undisturbed = <A>(run: () => A) => A

/** What holds signals back; Windows has none. */
export const undisturbed = (koffi: Koffi): Undisturbed => {
  if (process.platform === "win32") return (run) => run()
  const system = koffi.load(null)
  const held = new Uint8Array(setBytes)
  system.func("int sigfillset(void* set)")(held)
  const taken = system.func("int sigdelset(void* set, int signal)")
  for (const name of own) taken(held, constants.signals[name])
  const mask = system.func("int pthread_sigmask(int how, void* set, void* before)")
  return (run) => {
    const before = new Uint8Array(setBytes)
    mask(block, held, before)
    try {
      return run()
    } finally {
      mask(restore, before, null)
    }
  }
}
