import { printable } from '../cli/printable.js';
import type { DailyReport } from '../reports/model.js';
import type { Verified } from './verify-bundle.js';

/** So many findings are told one by one. */
const MAX_FINDINGS = 50;

/** What was not checked, whatever a bundle holds: said each time, so that nobody takes it for more. */
const NEVER_CHECKED = [
  'that the ledger shows all that the actors sent: orderers may leave a transaction out, and no bundle can show that',
  'which transactions of other chaincodes are valid, save where the contract hangs on them',
  "that certificates were valid by anybody's clock but the client's own; what was revoked is as the configuration says",
] as const;

/** What a verification has shown, for people. */
export function verifiedText(verified: Verified): string {
  const { report, genesis, isTrusted } = verified;
  return [
    `${report.day}: verified, ${report.sealed ? 'sealed' : 'not sealed'}; report ${report.hash}`,
    isTrusted
      ? `Block 0 is the one you trust: ${genesis}`
      : `Block 0 comes from the bundle itself: compare ${genesis} with what you know of the ledger, or name it with --trust.`,
    `Channel ${printable(report.channel, 100)}, chaincode ${printable(report.chaincode, 100)}: compare them too.`,
    'Checked:',
    ...checkedLines(verified).map((line) => `  ${line}`),
    'Not checked:',
    ...uncheckedLines(verified).map((line) => `  ${line}`),
    ...findingLines(report),
    '',
  ].join('\n');
}

/** The same for machines. */
export function verifiedJson({ report, transactions, ...counts }: Verified) {
  const { day, sealed, hash, findings, channel, chaincode } = report;
  return {
    verified: true,
    channel,
    chaincode,
    day,
    sealed,
    hash,
    ...counts,
    transactions,
    notChecked: NEVER_CHECKED,
    findings: findings.length,
  };
}

function checkedLines({
  blocks,
  configurations,
  blockSignatures,
  ordererType,
  transactions,
  endorsement,
  report,
}: Verified): string[] {
  const { valid, invalid, endorsements } = transactions;
  return [
    `${blocks} blocks: each continues the one before, and has the data that its header says`,
    `${blockSignatures} signatures on blocks (${printable(ordererType, 40) || 'no orderers'}), by ${configurations} configurations of the channel, each one asked for as the one before has it`,
    `${valid} valid transactions of ${printable(report.chaincode, 100)}: IDs, signatures, ${endorsements} endorsements, what they read`,
    ...endorsement.map(({ fromBlock, rule }) => `  endorsed, from block ${fromBlock} on, as this asks: ${rule}`),
    `${invalid} more are rightly not valid`,
    `the report: ${report.findings.length} findings, judged anew from these transactions, byte for byte`,
  ];
}

function uncheckedLines({ transactions, whyUnfollowed }: Verified): string[] {
  const { others, unfollowed, outsideValidity } = transactions;
  return [
    ...NEVER_CHECKED,
    ...(others > 0 ? [`${others} transactions of other chaincodes`] : []),
    ...(unfollowed > 0
      ? [`whether ${unfollowed} transactions are valid is taken as said: ${whyUnfollowed.join('; ')}`]
      : []),
    ...(outsideValidity > 0
      ? [`${outsideValidity} transactions name a time at which their certificate was not valid`]
      : []),
  ];
}

/** For each finding who signed what, where. */
function findingLines({ findings }: DailyReport): string[] {
  if (findings.length === 0) return ['No findings.'];
  const lines = findings.slice(0, MAX_FINDINGS).flatMap((finding) => {
    const { class: name, id, type, action, dissent, variants, absence } = finding;
    const subject = type === undefined ? '' : ` ${printable(`${type} ${action} ${finding.object?.slice(0, 12)}`, 100)}`;
    return [
      `${name}${subject}: ${printable(dissent.join(', ')) || 'nobody in dissent'} [${id.slice(0, 12)}]`,
      ...variants.flatMap(({ eventHash, evidence }) =>
        evidence.map(
          ({ actor, collector, block, tx }) =>
            `  ${printable(`${actor}/${collector}`, 100)} signed ${eventHash.slice(0, 12)} in transaction ${tx.slice(0, 12)} of block ${block}`,
        ),
      ),
      ...absence.map(
        ({ actor, by, block, tx }) =>
          `  ${printable(actor, 100)} lacks it by ${by}: transaction ${tx.slice(0, 12)} of block ${block}`,
      ),
    ];
  });
  const more = findings.length - MAX_FINDINGS;
  return ['Findings:', ...lines.map((line) => `  ${line}`), ...(more > 0 ? [`  and ${more} more`] : [])];
}
