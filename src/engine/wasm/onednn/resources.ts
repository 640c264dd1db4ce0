/** What was made in the library and has to be given back. */
export interface Resources {
  /** Notes how something is given back, and hands it on. */
  readonly add: <A>(made: A, giveBack: (made: A) => void) => A
  /** Gives everything back, what was made last first; nothing is left to a second call. */
  readonly release: () => void
}

/** None yet. */
export const resources = (): Resources => {
  const undone: Array<() => void> = []
  return {
    add: (made, giveBack) => {
      undone.push(() => giveBack(made))
      return made
    },
    release: () => {
      for (let undo = undone.pop(); undo !== undefined; undo = undone.pop()) undo()
    }
  }
}
