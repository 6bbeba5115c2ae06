import { asDatabaseError } from './database.js';
import { Projection } from './projection.js';

/**
 * Opens the projection that a reconciler made, as it is at this moment, asks it, and closes it.
 * @throws ReconcilerError `DATABASE` if there is none or it cannot be read, `EMPTY` if it is an empty file
 */
export function withProjection<T>(file: string, ask: (projection: Projection) => T): T {
  let projection: Projection | undefined;
  try {
    projection = new Projection(file, { mustExist: true, snapshot: true });
    return ask(projection);
  } catch (error) {
    throw asDatabaseError(error, file);
  } finally {
    projection?.close();
  }
}

/** As `withProjection`, for what takes its time: what is asked sees one moment of the ledger all the while. */
export async function withProjectionAsync<T>(file: string, ask: (projection: Projection) => Promise<T>): Promise<T> {
  let projection: Projection | undefined;
  try {
    projection = new Projection(file, { mustExist: true, snapshot: true });
    return await ask(projection);
  } catch (error) {
    throw asDatabaseError(error, file);
  } finally {
    projection?.close();
  }
}
