/** The row under which a finding counts, by its key. */
export function nameOf(key: string): string {
  const [name = '', verdict = ''] = key.split(/[ ()]+/);
  return verdict === 'unresolved' ? `${name}, naming nobody` : name;
}
