import { expect, it } from 'vitest';
import { describeWithFabric, fabricLacks } from '../support/fabric.js';

// Where this is left out, so are the suites that run on a Fabric network unchanged.
describeWithFabric('the end-to-end suites, on raft and on BFT', () => {
  it('have Fabric to run on', () => expect(fabricLacks()).toBeUndefined());
});
