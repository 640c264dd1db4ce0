#!/usr/bin/env node
/** Asks for Node's version first, and only then loads what an older one cannot read. */
import module from "node:module"
import "./node.ts"

// A third of what a start takes; Node before 22.1 has none, nor have all other runtimes.
const { enableCompileCache }: Partial<typeof module> = module
enableCompileCache?.()

void import("./program.ts")
