'use strict';

// Caliper's workload: each worker is one actor's collector and sends batches of made-up events, numbered and chained as
// the record format wants them.
const { WorkloadModuleBase } = require('@hyperledger/caliper-core');
const { batchDigest, canonicalEvent, NO_PREVIOUS } = require('../../chaincode/dist/record/index.js');

const EVENT_BYTES = 650;

class AttestWorkload extends WorkloadModuleBase {
  async initializeWorkloadModule(workerIndex, totalWorkers, roundIndex, roundArguments, ...rest) {
    await super.initializeWorkloadModule(workerIndex, totalWorkers, roundIndex, roundArguments, ...rest);
    const { actors, size, chaincode } = roundArguments;
    this.size = size;
    this.chaincode = chaincode;
    this.actor = actors[workerIndex % actors.length];
    this.run = `caliper-${Date.now()}-${roundIndex}-${workerIndex}`;
    this.source = `caliper-${workerIndex}`;
    this.batches = 0;
    this.prev = NO_PREVIOUS;
    this.start = BigInt(Date.now()) * 1_000_000n;
  }

  async submitTransaction() {
    await this.sutAdapter.sendRequests({
      contractId: this.chaincode,
      contractFunction: 'Attest',
      contractArguments: [this.nextBatch()],
      invokerMspId: this.actor,
      invokerIdentity: 'collector-1',
      readOnly: false,
    });
  }

  nextBatch() {
    const from = this.batches * this.size + 1;
    this.batches += 1;
    const text = JSON.stringify({
      v: 1,
      policy: 1,
      collector: 'collector-1',
      run: this.run,
      n: this.batches,
      from,
      prev: this.prev,
      sentAt: String(BigInt(Date.now()) * 1_000_000n),
      entries: Array.from({ length: this.size }, (_, index) => ({ b: this.event(from + index) })),
      watches: [],
      gaps: [],
    });
    this.prev = batchDigest(text);
    return text;
  }

  event(number) {
    const event = {
      scope: 'local',
      type: 'container',
      action: 'start',
      id: number.toString(16).padStart(64, '0'),
      attributes: new Map([
        ['image', 'registry.example/shop/service:1.0.0'],
        ['name', `shop-service-${number}`],
      ]),
      // A microsecond apart.
      timeNano: String(this.start + BigInt(number) * 1_000n),
    };
    const short = canonicalEvent(event, { source: this.source, ignore: [] }).canonical.length;
    event.attributes.set('description', 'x'.repeat(Math.max(0, EVENT_BYTES - short - 17)));
    return canonicalEvent(event, { source: this.source, ignore: [] }).canonical;
  }
}

module.exports.createWorkloadModule = () => new AttestWorkload();
