#!/usr/bin/env node
import { processWorld } from "./process-world.ts"
import { runCli } from "./run-cli.ts"

process.umask(0o077)
process.exitCode = await runCli(process.argv.slice(2), processWorld())
