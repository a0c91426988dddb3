import { z } from "zod"
import {
  guestConfiguration,
  hostRecord,
  hostStatus,
  networkRecord,
  networkStatus,
  nicRecord,
  nicStatus,
  observedNic,
  poolPrefix,
  poolRecord,
  portRecord,
  pushResult,
  routerRecord,
  routerStatus,
  templateRecord,
  vmRecord,
} from "../api/records.ts"
import type { Route } from "../api/route.ts"
import { operationShape } from "../operations/operation.ts"
import { problemShape } from "../problem.ts"

/** The shapes that have a name in the document, so that a generated client has one type for each. */
const named: Readonly<Record<string, z.ZodType>> = {
  GuestConfiguration: guestConfiguration,
  Host: hostRecord,
  HostStatus: hostStatus,
  Network: networkRecord,
  NetworkStatus: networkStatus,
  Nic: nicRecord,
  NicStatus: nicStatus,
  ObservedNic: observedNic,
  Operation: operationShape,
  Pool: poolRecord,
  PoolPrefix: poolPrefix,
  Port: portRecord,
  Problem: problemShape,
  PushResult: pushResult,
  Router: routerRecord,
  RouterStatus: routerStatus,
  Template: templateRecord,
  Vm: vmRecord,
}

export function nameOfAnswer({ answer, operationId }: Route): string {
  return nameOf(answer) ?? `${capital(operationId)}Answer`
}

export function nameOfBody({ operationId }: Route): string {
  return `${capital(operationId)}Request`
}

/** `components.schemas`: JSON Schema 2020-12 of every body and answer. */
export function componentsOf(routes: readonly Route[]): Readonly<Record<string, unknown>> {
  const registry = z.registry<{ id: string }>()
  for (const [id, shape] of Object.entries(named)) registry.add(shape, { id })
  for (const route of routes) {
    if (nameOf(route.answer) === undefined) registry.add(route.answer, { id: nameOfAnswer(route) })
    if (route.body !== undefined) registry.add(route.body, { id: nameOfBody(route) })
  }
  const { schemas } = z.toJSONSchema(registry, { io: "input", uri: (id) => `#/components/schemas/${id}` })
  const entries = Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]))
}

function nameOf(shape: z.ZodType): string | undefined {
  return Object.entries(named).find(([, one]) => one === shape)?.[0]
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
