import { codecName, procedureName, structStem, typeName } from "./names.ts"
import type { Enum } from "./parse-protocol.ts"
import type { Protocol } from "./protocol.ts"

interface Procedure {
  readonly name: string
  readonly program: string
  readonly number: number
  readonly args: string | undefined
  readonly ret: string | undefined
  readonly isEvent: boolean
  readonly stream: string | undefined
}

/** The enums of procedures, and the constant that holds the number of their program. */
const programs = [
  { enumeration: "remote_procedure", program: "REMOTE_PROGRAM" },
  { enumeration: "qemu_procedure", program: "QEMU_PROGRAM" },
] as const

/** The table of procedures. */
export function renderProcedures(protocol: Protocol): string {
  const all = proceduresOf(protocol)
  return [
    "export const procedures = {",
    ...all.filter((procedure) => !procedure.isEvent).map(renderProcedure),
    "} as const",
  ].join("\n")
}

/** A class with one method for each procedure, all of which go through one abstract method. */
export function renderCalls(protocol: Protocol): string {
  const methods = proceduresOf(protocol)
    .filter((procedure) => !procedure.isEvent)
    .map(renderMethod)
  return ["export abstract class ProcedureCalls {", abstractMethods, ...methods, "}"].join("\n")
}

const abstractMethods = `  abstract call<Args, Ret>(procedure: Procedure<Args, Ret>, args: Args, options?: CallOptions): Promise<Ret>
  abstract openStream<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    options?: CallOptions,
  ): Promise<Streaming<Ret>>`

function renderProcedure(procedure: Procedure): string {
  const { args, ret, stream } = procedure
  const parts = [
    `program: p.${procedure.program}`,
    `number: ${procedure.number}`,
    `args: ${args === undefined ? "nothing" : `c.${codecName(args)}`}`,
    `ret: ${ret === undefined ? "nothing" : `c.${codecName(ret)}`}`,
    ...(stream === undefined ? [] : [`stream: "${stream}"`]),
  ]
  return `  ${procedure.name}: procedure({ name: "${procedure.name}", ${parts.join(", ")} }),`
}

function renderMethod({ name, args, ret, stream }: Procedure): string {
  const parameters = args === undefined ? "" : `args: t.${typeName(args)}, `
  const result = ret === undefined ? "void" : `t.${typeName(ret)}`
  const promised = stream === undefined ? result : `Streaming<${result}>`
  const verb = stream === undefined ? "call" : "openStream"
  return `
  ${name}(${parameters}options?: CallOptions): Promise<${promised}> {
    return this.${verb}(procedures.${name}, ${args === undefined ? "undefined" : "args"}, options)
  }`
}

function proceduresOf(protocol: Protocol): readonly Procedure[] {
  return programs.flatMap(({ enumeration, program }) => {
    const definition = protocol.definition(enumeration)
    if (definition.kind !== "enum") throw new Error(`${enumeration} should be an enum`)
    return definition.members.map((member) => describe(member, program, protocol))
  })
}

function describe(member: Enum["members"][number], program: string, protocol: Protocol): Procedure {
  const stem = structStem(member.name)
  const known = (suffix: string): string | undefined => (protocol.has(stem + suffix) ? stem + suffix : undefined)
  const stream = /@(read|write)stream:/.exec(member.comment)?.[1]
  return {
    name: procedureName(member.name),
    program,
    number: protocol.number(member.value),
    args: known("_args"),
    ret: known("_ret"),
    isEvent: protocol.has(`${stem}_msg`),
    stream,
  }
}
