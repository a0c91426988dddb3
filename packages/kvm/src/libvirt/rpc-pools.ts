import { isSlash64Error } from "@slash64/core"
import { randomUUID } from "node:crypto"
import { pipeline } from "node:stream/promises"
import { Readable } from "node:stream"
import pRetry from "p-retry"
import {
  LibvirtConnectionError,
  type StoragePool as Pool,
  VIR_STORAGE_POOL_CREATE_WITH_BUILD,
} from "@slash64/libvirt-rpc"
import { isNative, translateLibvirt } from "../errors/translate-libvirt.ts"
import type { LibvirtPools, Volume } from "./libvirt.ts"
import { xml } from "../xml/element.ts"
import { parseXml } from "../xml/parse-xml.ts"
import type { RpcSession } from "./rpc-session.ts"

const noPool = "VIR_ERR_NO_STORAGE_POOL"
const noVolume = "VIR_ERR_NO_STORAGE_VOL"

export function rpcPools(session: RpcSession): LibvirtPools {
  const isActive = (pool: Pool, signal: AbortSignal): Promise<boolean> =>
    session.run(signal, async (rpc, options) => (await rpc.storagePoolIsActive({ pool }, options)).active === 1)
  const activate = async (pool: Pool, signal: AbortSignal): Promise<Pool> => {
    if (await isActive(pool, signal)) return pool
    try {
      const flags = VIR_STORAGE_POOL_CREATE_WITH_BUILD
      await session.run(signal, (rpc, options) => rpc.storagePoolCreate({ pool, flags }, options))
    } catch (error) {
      if (!isNative(error, "VIR_ERR_OPERATION_INVALID") || !(await isActive(pool, signal))) throw error
    }
    return pool
  }
  const lookUp = (name: string, signal: AbortSignal) =>
    session.find(signal, noPool, async (rpc, options) => (await rpc.storagePoolLookupByName({ name }, options)).pool)
  /** A pool that was defined and never started, or stopped by somebody, is started: libvirt lists nothing of it else. */
  const findPool = async (name: string, signal: AbortSignal): Promise<Pool | undefined> => {
    const pool = await lookUp(name, signal)
    if (pool === undefined) return undefined
    // Whoever removed the last volume of it may take it away at this moment.
    return activate(pool, signal).catch((error: unknown) =>
      isNative(error, noPool) ? undefined : Promise.reject(error),
    )
  }
  const lookupPool = async (name: string, signal: AbortSignal): Promise<Pool> =>
    activate(
      await session.run(signal, async (rpc, options) => (await rpc.storagePoolLookupByName({ name }, options)).pool),
      signal,
    )
  const findVolume = (poolName: string, name: string, signal: AbortSignal) =>
    patiently(signal, async () => {
      const pool = await findPool(poolName, signal)
      if (pool === undefined) return undefined
      return session.find(
        signal,
        [noVolume, noPool],
        async (rpc, options) => (await rpc.storageVolLookupByName({ pool, name }, options)).vol,
      )
    })
  const lookupVolume = async (poolName: string, name: string, signal: AbortSignal) => {
    const pool = await lookupPool(poolName, signal)
    return session.run(signal, async (rpc, options) => (await rpc.storageVolLookupByName({ pool, name }, options)).vol)
  }

  return {
    async find(name, signal) {
      const pool = await lookUp(name, signal)
      if (pool === undefined) return undefined
      return session.find(
        signal,
        noPool,
        async (rpc, options) => (await rpc.storagePoolGetXmlDesc({ pool, flags: 0 }, options)).xml,
      )
    },
    async ensure(name, document, signal) {
      const known = await lookUp(name, signal)
      const pool =
        known ??
        (await session.run(
          signal,
          async (rpc, options) => (await rpc.storagePoolDefineXml({ xml: document, flags: 0 }, options)).pool,
        ))
      await session.run(signal, (rpc, options) => rpc.storagePoolSetAutostart({ pool, autostart: 1 }, options))
      await activate(pool, signal)
    },
    async remove(name, signal) {
      const find = () => lookUp(name, signal)
      // Whoever looks into it at the same time starts it again.
      await patiently(signal, () =>
        session.remove(signal, find, async (rpc, options) => {
          const { pool } = await rpc.storagePoolLookupByName({ name }, options)
          // It may be stopped already, and its directory may hold what somebody else put there.
          await rpc.storagePoolDestroy({ pool }, options).catch(unlessRefused)
          await rpc.storagePoolDelete({ pool, flags: 0 }, options).catch(unlessRefused)
          await rpc.storagePoolUndefine({ pool }, options)
        }),
      )
    },
    async makeDirectory(path, signal) {
      // libvirt makes directories for pools alone: this one lives no longer than the call.
      const name = `slash64-directory-${randomUUID()}`
      const target = xml("target", {}, xml("path", {}, path), xml("permissions", {}, xml("mode", {}, "0755")))
      const document = xml("pool", { type: "dir" }, xml("name", {}, name), target).markup
      const flags = VIR_STORAGE_POOL_CREATE_WITH_BUILD
      try {
        await session.run(signal, async (rpc, options) => {
          const { pool } = await rpc.storagePoolCreateXml({ xml: document, flags }, options)
          await rpc.storagePoolDestroy({ pool }, options)
        })
      } catch (error) {
        // Another pool has the directory, so it is there.
        if (!isSlash64Error(error) || error.code !== "ALREADY_EXISTS") throw error
      }
    },
    async available(name, signal) {
      const pool = await lookupPool(name, signal)
      return session.run(signal, async (rpc, options) => {
        // Refused while a volume is being written; the figure is then a little old.
        await rpc.storagePoolRefresh({ pool, flags: 0 }, options).catch(() => {})
        return Number((await rpc.storagePoolGetInfo({ pool }, options)).available)
      })
    },
    volumes: (name, signal) =>
      patiently(signal, async () => {
        const pool = await findPool(name, signal)
        if (pool === undefined) return []
        const list = await session.find(signal, noPool, (rpc, options) =>
          rpc.storagePoolListAllVolumes({ pool, need_results: 1, flags: 0 }, options),
        )
        return (list?.vols ?? []).map(toVolume)
      }),
    async findVolume(pool, name, signal) {
      const vol = await findVolume(pool, name, signal)
      return vol === undefined ? undefined : toVolume(vol)
    },
    async writtenAt(pool, name, signal) {
      const vol = await findVolume(pool, name, signal)
      if (vol === undefined) return undefined
      const document = await session.find(
        signal,
        noVolume,
        async (rpc, options) => (await rpc.storageVolGetXmlDesc({ vol, flags: 0 }, options)).xml,
      )
      if (document === undefined) return undefined
      const seconds = parseXml(document, "volume").at("target", "timestamps", "mtime")?.text
      return seconds === undefined ? undefined : Number(seconds) * 1000
    },
    async createVolume(poolName, document, signal) {
      const pool = await lookupPool(poolName, signal)
      const { vol } = await session.run(signal, (rpc, options) =>
        rpc.storageVolCreateXml({ pool, xml: document, flags: 0 }, options),
      )
      return toVolume(vol)
    },
    async deleteVolume(pool, name, signal) {
      const find = () => findVolume(pool, name, signal)
      await patiently(signal, () =>
        session.remove(signal, find, async (rpc, options) => {
          const vol = await lookupVolume(pool, name, options.signal)
          await rpc.storageVolDelete({ vol, flags: 0 }, options)
        }),
      )
    },
    async upload(pool, name, bytes, length, signal) {
      const vol = await lookupVolume(pool, name, signal)
      const { stream } = await patiently(signal, () =>
        session.run(signal, (rpc, options) =>
          rpc.storageVolUpload({ vol, offset: 0n, length: BigInt(length), flags: 0 }, options),
        ),
      )
      try {
        await pipeline(Readable.from(bytes), stream, { signal })
      } catch (error) {
        throw translateLibvirt(error, signal)
      }
    },
    async download(pool, name, signal) {
      const vol = await lookupVolume(pool, name, signal)
      const { stream } = await patiently(signal, () =>
        session.run(signal, (rpc, options) =>
          rpc.storageVolDownload({ vol, offset: 0n, length: 0n, flags: 0 }, options),
        ),
      )
      return translated(stream, signal)
    },
  }
}

/** Libvirt refuses a volume or pool that another program is at work on at this moment; nothing was done then. */
async function patiently<Value>(signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  try {
    return await pRetry(work, { retries: 6, minTimeout: 20, factor: 2, randomize: true, signal, shouldRetry: isBusy })
  } catch (error) {
    // p-retry throws the signal's own reason.
    throw translateLibvirt(error, signal)
  }
}

function isBusy({ error }: { readonly error: Error }): boolean {
  return isSlash64Error(error) && error.code === "ABORTED"
}

async function* translated(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* stream
  } catch (error) {
    throw translateLibvirt(error, signal)
  }
}

/** The key of a volume in a directory pool is its path. */
function toVolume(vol: { readonly name: string; readonly key: string }): Volume {
  return { name: vol.name, path: vol.key }
}

/** A refusal of libvirt is passed over; an answer that did not come is not, for it may have been done. */
function unlessRefused(error: unknown): void {
  if (error instanceof LibvirtConnectionError) throw error
}
