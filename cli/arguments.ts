/** What arguments say before the command that they name is there to read them. */

/** Those that are read: what follows "--" is no flag. */
const read = (args: ReadonlyArray<string>) => args.slice(0, args.includes("--") ? args.indexOf("--") : args.length)

/** The first of some commands that is named; flags of every command may stand in front of it. */
export const commandIn = (args: ReadonlyArray<string>, commands: ReadonlySet<string>): string | undefined =>
  read(args).find((arg) => commands.has(arg))

/** The values that are given to a flag, as `--name value` or `--name=value`. */
export const valuesOf = (args: ReadonlyArray<string>, ...names: ReadonlyArray<string>): ReadonlyArray<string> =>
  read(args).flatMap((arg, i) => {
    const name = names.find((name) => arg === name || arg.startsWith(`${name}=`))
    const value = name === undefined ? undefined : arg === name ? args[i + 1] : arg.slice(name.length + 1)
    return value === undefined ? [] : [value]
  })

// As Effect's flags are read.
const isNo = (text = "") => /^(false|0|n|no|off)$/.test(text)
const isYes = (text: string) => /^(true|1|y|yes|on)$/.test(text)

/** Whether a flag is set, as `--name`, `--name yes` or `--name=yes`. */
export const isSet = (args: ReadonlyArray<string>, name: string): boolean =>
  read(args).some((arg, i) =>
    arg === name ? !isNo(args[i + 1]) : arg.startsWith(`${name}=`) && isYes(arg.slice(name.length + 1))
  )
