#!/usr/bin/env node
import { runCli } from "./run-cli.ts"
import { processWorld } from "./process-world.ts"

process.umask(0o077)
process.exitCode = await runCli(process.argv.slice(2), processWorld())
