import { existsSync } from "node:fs"
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { runProgram } from "../lower/run-program.ts"

export interface Certificate {
  readonly key: string
  /** PEM. */
  readonly certificate: string
}

/** A certificate that signs itself, as a host has one after its installation. Made once, then kept in `directory`. */
export async function ensureCertificate(directory: string, address: string): Promise<Certificate> {
  const [keyFile, certificateFile] = [join(directory, "host.key"), join(directory, "host.pem")]
  if (!existsSync(certificateFile)) {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    const subject = ["-subj", `/CN=${address}`, "-days", "3650", "-addext", `subjectAltName=IP:${address}`]
    await runProgram("openssl", [
      "req",
      "-x509",
      "-nodes",
      ...curve,
      ...subject,
      "-keyout",
      keyFile,
      "-out",
      certificateFile,
    ])
  }
  return { key: await readFile(keyFile, "utf8"), certificate: await readFile(certificateFile, "utf8") }
}
