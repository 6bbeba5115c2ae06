import stringify from 'fast-json-stable-stringify';
import { type CanonicalEvent, dayStart, eventHash, eventReference, keyTime, sha256Hex } from '#chaincode';
import {
  type ActorSummary,
  type DayJudgement,
  type Evidence,
  FINDING_CLASSES,
  type Finding,
  type Variant,
} from '../../reconciler/judgement.js';

export const DAY = '2026-11-22';
export const PROVIDER = 'ProviderMSP';
export const DEVELOPER = 'DeveloperMSP';
export const USER = 'UserMSP';
const ACTORS = [DEVELOPER, PROVIDER, USER];
const ENGINE = 'Q7LX:ZB5C:4ZWN:2BEN:VKJX:RZTM:YF3C:DQ4G:5LSI:WYQA:L3IC:PHQD';

/** Nanoseconds of a second of the day. */
export function at(second: number, nanos = 28_063_346): string {
  return (BigInt(dayStart(DAY)) + BigInt(Math.round(second * 1000)) * 1_000_000n + BigInt(nanos)).toString();
}

function event(over: Partial<CanonicalEvent> & { name?: string } = {}): CanonicalEvent {
  const { name = 'web-1', ...rest } = over;
  return {
    v: 1,
    source: ENGINE,
    scope: 'local',
    type: 'container',
    action: 'die',
    object: sha256Hex(name),
    attributes: { exitCode: '137', image: 'registry.example/shop/web:4.2', name },
    time: at(34_200),
    ...rest,
  };
}

function variant(content: CanonicalEvent, actors: readonly string[], place = 12): Variant {
  const hash = eventHash(stringify(content));
  const evidence = actors.map(
    (actor, index): Evidence => ({
      actor,
      collector: 'collector-1',
      run: '9f2c51aa07d34b6e',
      number: String(70 + index),
      block: String(place + index),
      tx: sha256Hex(`tx ${actor} ${hash}`),
      ...(content.time === undefined && { t: at(50_000 + index) }),
    }),
  );
  const t = content.time === undefined ? at(50_000) : undefined;
  return { eventHash: hash, reference: eventReference(keyTime(content, t), hash), actors, event: content, evidence };
}

function finding(over: Partial<Finding> & Pick<Finding, 'class'>): Finding {
  const leading = over.variants?.[0]?.event;
  return {
    id: sha256Hex(`${over.class} ${over.time} ${stringify(over.variants ?? [])} ${stringify(over.gap ?? {})}`),
    severity: 'high',
    source: leading?.source ?? ENGINE,
    ...(leading && { type: leading.type, object: leading.object, action: leading.action }),
    time: leading?.time ?? at(40_000),
    majority: [DEVELOPER, USER],
    dissent: [PROVIDER],
    verdict: 'stands',
    variants: [],
    absence: [],
    diff: [],
    ...over,
  };
}

function watched(actor: string, block = '13') {
  return { actor, by: 'watch' as const, block, tx: sha256Hex(`watch ${actor}`) };
}

export function missing(content = event({ action: 'start', name: 'cache-3', time: at(21_050) })): Finding {
  return finding({ class: 'missing', variants: [variant(content, [DEVELOPER, USER])], absence: [watched(PROVIDER)] });
}

function missingByDeadline(): Finding {
  const content = event({ action: 'pause', name: 'db-2', time: at(64_000) });
  const absence = [{ actor: USER, by: 'deadline' as const, block: '31', tx: sha256Hex('deadline') }];
  const sides = { majority: [DEVELOPER, PROVIDER], dissent: [USER] };
  return finding({ class: 'missing', variants: [variant(content, [DEVELOPER, PROVIDER], 22)], absence, ...sides });
}

export function moved(): Finding {
  const [ours, theirs] = [event(), event({ time: at(37_800) })];
  return finding({
    class: 'differs',
    variants: [variant(theirs, [PROVIDER]), variant(ours, [DEVELOPER, USER])],
    time: ours.time ?? '',
    diff: [
      {
        path: 'time',
        values: { [PROVIDER]: theirs.time ?? null, [DEVELOPER]: ours.time ?? null, [USER]: ours.time ?? null },
      },
    ],
  });
}

export function altered(): Finding {
  const ours = event({ name: 'worker-7', time: at(52_800) });
  const theirs = { ...ours, attributes: { exitCode: '0', image: 'registry.example/shop/web:4.2', name: 'worker-7' } };
  return finding({
    class: 'differs',
    severity: 'medium',
    variants: [variant(ours, [DEVELOPER, USER]), variant(theirs, [PROVIDER])],
    diff: [{ path: 'attributes.exitCode', values: { [PROVIDER]: '0', [DEVELOPER]: '137', [USER]: '137' } }],
  });
}

export function invented(): Finding {
  const content = event({ action: 'start', name: 'ghost-9', time: at(70_200) });
  return finding({
    class: 'uncorroborated',
    verdict: 'uncorroborated',
    variants: [variant(content, [PROVIDER])],
    absence: [watched(DEVELOPER), watched(USER, '14')],
  });
}

export function unresolved(): Finding {
  const base = event({ action: 'start', name: 'api-2', time: at(43_200) });
  const images: Record<string, string> = {
    [DEVELOPER]: 'shop/api:1.8',
    [PROVIDER]: 'shop/api:1.9',
    [USER]: 'shop/api:2.0',
  };
  return finding({
    class: 'differs',
    verdict: 'unresolved',
    majority: [],
    dissent: [],
    variants: ACTORS.map((actor) =>
      variant({ ...base, attributes: { image: images[actor] ?? '', name: 'api-2' } }, [actor], 18),
    ),
    diff: [{ path: 'attributes.image', values: images }],
  });
}

function others(): Finding[] {
  const connect = event({
    type: 'network',
    action: 'connect',
    object: sha256Hex('bridge'),
    attributes: { container: sha256Hex('web-1'), name: 'shop_frontend', type: 'bridge' },
    time: at(30_000),
  });
  const { time: _, ...removal } = event({
    scope: 'swarm',
    type: 'service',
    action: 'remove',
    attributes: { name: 'shop_mail' },
  });
  return [
    finding({
      class: 'late',
      severity: 'low',
      majority: [DEVELOPER, PROVIDER],
      dissent: [USER],
      variants: [variant(connect, ACTORS)],
    }),
    finding({
      class: 'missing',
      time: at(0, 0),
      variants: [variant(removal, [DEVELOPER, USER])],
      absence: [watched(PROVIDER)],
    }),
    finding({
      class: 'gap',
      severity: 'medium',
      time: at(57_600, 0),
      verdict: 'established',
      gap: { to: at(58_320, 0), reason: 'the engine restarted; nothing proves that the stream went on', events: 7 },
    }),
    finding({
      class: 'silent',
      severity: 'medium',
      verdict: 'established',
      dissent: [USER],
      majority: [],
      time: at(80_000),
    }),
    finding({ class: 'equivocation', verdict: 'established', majority: [], time: at(60_000) }),
    finding({ class: 'sequence', severity: 'medium', verdict: 'established', majority: [], time: at(61_000) }),
    finding({
      class: 'order',
      severity: 'low',
      verdict: 'established',
      variants: [
        variant(event({ action: 'stop', time: at(62_000) }), ACTORS),
        variant(event({ time: at(61_990) }), ACTORS),
      ],
    }),
    finding({
      class: 'lifecycle',
      severity: 'low',
      verdict: 'established',
      majority: [],
      dissent: [],
      variants: [variant(event({ action: 'unpause', time: at(63_000) }), ACTORS)],
    }),
    finding({
      class: 'uncorroborated',
      severity: 'medium',
      verdict: 'uncorroborated',
      source: 'nowhere',
      folded: 12_000,
      time: at(5_000),
    }),
  ];
}

/** A judgement whose actors' counts are those of its findings. */
export function judgement(over: Partial<DayJudgement> = {}): DayJudgement {
  const findings = over.findings ?? [];
  return {
    day: DAY,
    ledger: sha256Hex('block 0'),
    channel: 'events',
    chaincode: 'event2ledger',
    judge: '1',
    policyHash: sha256Hex('policy'),
    sealed: true,
    sealedAt: { block: '123', tx: sha256Hex('seal'), clock: at(86_461, 0) },
    blocks: { from: '0', to: '123', hash: sha256Hex('block 123') },
    coverage: { events: 600, agreed: 600, disputed: 0, pending: 0, unobservable: 0 },
    actors: ACTORS.map((actor): ActorSummary => {
      const counts = FINDING_CLASSES.map((name) => [
        name,
        findings.filter((each) => each.class === name && each.dissent.includes(actor)).length,
      ]);
      return {
        actor,
        attested: 600,
        ...(Object.fromEntries(counts) as Record<(typeof FINDING_CLASSES)[number], number>),
      };
    }),
    running: [running('web-1', '30600', '30600'), running('worker-7', '52800.5', '52800.5')],
    sums: [sum('image', 'registry.example/shop/web:4.2')],
    bill: { currency: 'EUR', agreed: '0.834005', disputed: '0' },
    amends: [],
    ...over,
    findings,
  };
}

function sum(by: 'image' | 'service' | 'label', value: string, label?: string): DayJudgement['sums'][number] {
  const times = { agreedSeconds: '83400.5', disputedSeconds: '0', unknownSeconds: '0' };
  return {
    by,
    ...(label !== undefined && { label }),
    value,
    containers: 2,
    ...times,
    agreed: '0.834005',
    disputed: '0',
  };
}

function running(name: string, agreed: string, provider: string, disputed = '0', unknown = '0') {
  return {
    object: sha256Hex(name),
    name,
    image: 'registry.example/shop/web:4.2',
    agreedSeconds: agreed,
    perActor: { [DEVELOPER]: agreed, [PROVIDER]: provider, [USER]: agreed },
    disputedSeconds: disputed,
    unknownSeconds: unknown,
  };
}

export const quietDay = (): DayJudgement => judgement();

/** The demo's day: an event left out, one moved by an hour, one invented. */
export const threeFindings = (): DayJudgement =>
  judgement({
    findings: [moved(), missing(), invented()],
    coverage: { events: 600, agreed: 597, disputed: 3, pending: 0, unobservable: 0 },
    running: [
      running('web-1', '30600', '34200', '3600'),
      running('cache-3', '0', '0', '1200.25', '60'),
      running('worker-7', '52800.5', '52800.5'),
    ],
    bill: { currency: 'EUR', agreed: '0.834005', disputed: '0.0480025' },
  });

/** Every class there is. */
export const richDay = (): DayJudgement =>
  judgement({
    ...threeFindings(),
    findings: [moved(), altered(), missing(), missingByDeadline(), invented(), unresolved(), ...others()],
    actors: judgement({
      findings: [moved(), altered(), missing(), missingByDeadline(), invented(), unresolved(), ...others()],
    }).actors,
    coverage: { events: 612, agreed: 598, disputed: 8, pending: 4, unobservable: 2 },
    amends: [
      {
        day: '2026-11-21',
        id: sha256Hex('old'),
        change: 'missing withdrawn: the event was attested after the seal; disputed 0.012 EUR less',
      },
    ],
  });

export const unsealedDay = (): DayJudgement => {
  const { sealedAt: _, ...rest } = threeFindings();
  return { ...rest, sealed: false, coverage: { events: 600, agreed: 580, disputed: 3, pending: 17, unobservable: 0 } };
};

export const stalledDay = (): DayJudgement => ({ ...unsealedDay(), stalled: [USER] });

export const HOSTILE = [
  '<script>alert(1)</script>',
  '"onmouseover="alert(1)',
  "'><img src=x onerror=alert(1)>",
  'safe\u202Etxt.exe',
  '\u001b[31mred\u001b[0m',
  'a|b',
  '`code` ``more``',
  'two\nlines\r\nthree',
  '=cmd()',
  '+1',
  '-1',
  '@SUM(A1)',
  '\tTAB',
  '[link](https://evil.example)',
  'https://evil.example/ www.evil.example',
  '</style><style>*{display:none}',
  ']]><!--',
  '&lt;b&gt;',
  '**bold** _it_ # head',
  '\\|',
  'no\ufdd0\u{1ffff}character',
  '\\',
  '',
];

/** Hostile text wherever text comes from outside. */
export const hostileDay = (texts: readonly string[] = HOSTILE): DayJudgement => {
  const findings = texts.flatMap((text, index): Finding[] => {
    const attributes = JSON.parse(
      JSON.stringify({ exitCode: text, image: text, name: text, [`l${text}`]: text, __PROTO__: text }).replace(
        '__PROTO__',
        '__proto__',
      ),
    );
    const content = event({
      source: `${text}!`,
      type: text || 'x',
      action: text || 'y',
      object: text,
      attributes,
      detail: text || 'z',
      time: at(100 + index),
    });
    const other = { ...content, attributes: { ...attributes, image: `${text}2` } };
    const diff = [{ path: 'attributes.image', values: { [PROVIDER]: `${text}2`, [DEVELOPER]: text, [USER]: text } }];
    return [
      finding({ class: 'differs', variants: [variant(content, [DEVELOPER, USER]), variant(other, [PROVIDER])], diff }),
      finding({
        class: 'gap',
        source: text,
        time: at(200 + index),
        verdict: 'established',
        gap: { to: at(300 + index), reason: text, events: 1 },
      }),
    ];
  });
  return judgement({
    findings,
    channel: texts[0] ?? '',
    chaincode: texts[1] ?? '',
    running: texts.map((text, index) => ({
      ...running(`c${index}`, '1', '2', '1'),
      name: text,
      image: text,
      object: text,
    })),
    sums: texts.flatMap((text) => [sum('image', text), sum('label', text, text)]),
    bill: { currency: (texts[0] ?? 'EUR').slice(0, 16), agreed: '1', disputed: '1' },
    amends: texts.map((text) => ({ day: DAY, id: text, change: text })),
    coverage: { events: 30, agreed: 8, disputed: 22, pending: 0, unobservable: 0 },
  });
};

export const crowdedDay = (count = 5000): DayJudgement =>
  judgement({
    findings: Array.from({ length: count }, (_, index) =>
      missing(event({ action: 'start', name: `job-${index}`, time: at(100 + (index * 80_000) / count, index) })),
    ),
    coverage: { events: 20_000, agreed: 20_000 - count, disputed: count, pending: 0, unobservable: 0 },
  });
