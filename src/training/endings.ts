/**
 * What else than its work ends a process, and is not to: output that nobody takes any more (a closed pipe, a full disk
 * behind it), and a terminal that is closed, which ends it in order, as Ctrl-C does.
 *
 * @internal
 */
export const install = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
  process.on("SIGHUP", () => process.emit("SIGTERM", "SIGTERM"))
}
