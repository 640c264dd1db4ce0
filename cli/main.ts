#!/usr/bin/env node
/** Asks for Node's version first, and only then loads what an older one cannot read. */
import "./node.ts"

void import("./program.ts")
