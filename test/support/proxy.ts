import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server and passes everything on. */
export interface Relay {
  /** Where it listens, on loopback; 0 for a unix socket. */
  readonly port: number;
  close(): Promise<void>;
}

type Address = { readonly path: string } | { readonly port: number };
/** What becomes of bytes on their way: passed on, at once or later, or not. */
type Passage = (bytes: Buffer, to: Socket, from: Socket) => void;

/** A proxy that holds back everything, both ways, for so many milliseconds; nothing overtakes. */
export async function slowProxy(target: Address, milliseconds: number): Promise<Relay> {
  const later: Passage = (bytes, to) => {
    setTimeout(() => {
      if (!to.destroyed) to.write(bytes);
    }, milliseconds);
  };
  return await startProxy({ port: 0 }, target, later, later, milliseconds);
}

/** A proxy on a unix socket that can break a stream of events within a line. */
export interface CuttingProxy extends Relay {
  /** Breaks each stream within the next event that comes on it; resolves with the first one. */
  cut(): Promise<void>;
}

export async function cuttingProxy(path: string, target: Address): Promise<CuttingProxy> {
  let armed: (() => void) | undefined;
  const back: Passage = (bytes, to, from) => {
    const within = armed === undefined ? -1 : bytes.indexOf('"Actor"');
    if (within < 0) {
      to.write(bytes);
      return;
    }
    armed?.();
    armed = undefined;
    from.destroy();
    to.end(bytes.subarray(0, within + 4));
  };
  const proxy = await startProxy({ path }, target, (bytes, to) => void to.write(bytes), back);
  return {
    ...proxy,
    cut: () =>
      new Promise((resolve) => {
        armed = resolve;
      }),
  };
}

/** @param lingerMs how long after one side's end the other learns of it */
async function startProxy(
  listen: Address,
  target: Address,
  there: Passage,
  back: Passage,
  lingerMs = 0,
): Promise<Relay> {
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket, passage: Passage) => {
    sockets.add(from);
    from.on('data', (bytes) => passage(bytes, to, from));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      setTimeout(() => to.end(), lingerMs);
    });
  };
  const server: Server = createServer((client) => {
    const upstream = connect(target);
    pass(client, upstream, there);
    pass(upstream, client, back);
  });
  server.listen(listen);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? ((address as AddressInfo | null)?.port ?? 0) : 0,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
