/** The launchers by name. To add one, write a file beside this one and name it here. */
import type { Launcher } from "./Launcher.ts"
import { local } from "./local.ts"
import { queue } from "./queue.ts"
import { slurm } from "./slurm.ts"

/** Every launcher; the first is the default. */
export const launchers: Readonly<Record<string, Launcher>> = { local, queue, slurm }
