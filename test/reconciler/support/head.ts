import { type Head, Projection } from '../../../reconciler/projection/projection.js';

/** The last block that a reconciler has taken in; undefined before block 0. */
export function headOf(dbFile: string): Head | undefined {
  const projection = new Projection(dbFile, { mustExist: true });
  try {
    return projection.head;
  } finally {
    projection.close();
  }
}
