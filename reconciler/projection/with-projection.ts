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
