import { expect, it } from 'vitest';
import { dayEnd, dayOf, POLICY_DEFAULTS } from '#chaincode';
import { judgementOf } from '../../../reconciler/day-judgement.js';
import {
  ACTORS,
  containerEvent,
  DAY,
  hashed,
  policyTransactions,
  projectionOf,
  Run,
  watch,
} from '../support/history.js';

const SECOND = 1_000_000_000n;
const SERVICE = { 'com.docker.swarm.service.name': 'shop' };

function ran(object: string, from: number, to: number | undefined, attributes: Record<string, string>) {
  const steps = [['start', from] as const, ...(to === undefined ? [] : [['die', to] as const])];
  return steps.map(([action, second]) => hashed(containerEvent(object, action, BigInt(second) * SECOND, attributes)));
}

it('sums running time up by image, service and the policy’s labels, over midnight too, with exact amounts', () => {
  const events = [
    ...ran('web-1', 0, 30, { ...SERVICE, team: 'a' }),
    ...ran('web-2', 10, 20, { ...SERVICE, team: 'b', other: 'x' }),
    ...ran('job', 86_300, undefined, { image: 'batch', team: 'a', constructor: 'none' }),
  ];
  const tariff = { currency: 'EUR', perSecond: '0.000000000000007', labels: ['team', 'toString'] };
  const watches = [watch(0, 172_800)];
  const projection = projectionOf([
    ...policyTransactions({ tariff }),
    ...ACTORS.map((actor) => new Run(actor).batch({ events, watches, sentAt: 172_801 })),
  ]);
  const first = judgementOf(projection, DAY).sums;
  const sum = (seconds: number, containers: number) => ({
    containers,
    agreedSeconds: `${seconds}`,
    disputedSeconds: '0',
    unknownSeconds: '0',
    agreed: `0.${(seconds * 7).toString().padStart(15, '0').replace(/0+$/, '')}`,
    disputed: '0',
  });
  expect(first).toEqual([
    { by: 'image', value: 'batch', ...sum(100, 1) },
    { by: 'image', value: 'hello-world', ...sum(40, 2) },
    { by: 'label', label: 'team', value: 'a', ...sum(130, 2) },
    { by: 'label', label: 'team', value: 'b', ...sum(10, 1) },
    { by: 'service', value: 'shop', ...sum(40, 2) },
  ]);
  expect(judgementOf(projection, dayOf(dayEnd(DAY))).sums).toEqual([
    { by: 'image', value: 'batch', ...sum(86_400, 1) },
    { by: 'label', label: 'team', value: 'a', ...sum(86_400, 1) },
  ]);
  expect(POLICY_DEFAULTS.tariff).not.toHaveProperty('labels');
  projection.close();
});
