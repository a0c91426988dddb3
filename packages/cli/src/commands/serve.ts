import type { Act, Program } from "../program.ts"
import { serveApi } from "../serve/serve-api.ts"

export function addServeCommand(program: Program, act: Act): void {
  program
    .command("serve")
    .description("keep hosts and routers true and serve the HTTP API and a page, until it is interrupted")
    .option("--socket <path>", "the unix socket, for its owner alone (default: serve.sock beside the database)")
    .option("--listen <address:port>", "on TCP too, with --tls-cert, --tls-key and --token")
    .option("--tls-cert <file>", "the certificate with its chain, PEM")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--token <reference>", "what clients on TCP have to bear, file:PATH or env:NAME; 32 characters or more")
    .option("--every <seconds>", "how often all hosts and routers are looked at and mended, 0 for never", "60")
    .option("--grace <seconds>", "how long what runs may go on when it ends, 0 to 600", "10")
    .addHelpText(
      "after",
      `
Examples:
  slash64 serve
  slash64 serve --listen [::]:8064 --tls-cert server.pem --tls-key server.key --token file:/etc/slash64/token

It logs on standard error, at level info unless --log-level says otherwise. A page for people is at / (over TCP a
browser asks for a password: the token). The API is described at /openapi.json;
/metrics is for Prometheus, /healthz says whether the database answers. SIGTERM or Ctrl-C ends it, a second one at once.`,
    )
    .action((options) => act((session) => serveApi(session, options)))
}
