/** What gRPC's client says around the reason for which it has no connection. */
const WRAPPING = /^No connection established\. Last error: (?:Error: )?/;
const RESIDUE = /\.?\s*Resolution note:\s*(.*)$/s;

/** OpenSSL's words for a certificate that none of the CAs given has signed. */
const OTHER_CA =
  /unable to verify the first certificate|self[- ]signed certificate|unable to get (?:local )?issuer certificate|certificate signature failure/i;

/** The gateway's word for a channel that its peer has not joined. */
const OTHER_CHANNEL = /failed to get config for channel \[([^\]]*)\]/;

/**
 * Why a peer is not reached, as a sentence that says what to do. A server whose certificate is not of the CA in the
 * profile answers: what is wrong is the profile, or the server is another one.
 * @param said gRPC's own words
 */
export function unreachable(endpoint: string, said: string): string {
  const why = withoutResidue(said);
  if (OTHER_CA.test(why)) {
    return `The server at ${endpoint} has a TLS certificate that is not of the CA in the profile's tlsCaCert (${why}); give the CA that issued it, or the right endpoint.`;
  }
  if (/certificate has expired/i.test(why)) {
    return `The TLS certificate of the server at ${endpoint}, or of its CA, has expired; whoever runs the server must renew it.`;
  }
  if (/does not match certificate's altnames/i.test(why)) {
    return `The server at ${endpoint} has a TLS certificate for other names (${why}); give one of them as tlsHost in the profile.`;
  }
  const channel = OTHER_CHANNEL.exec(why)?.[1];
  if (channel !== undefined) {
    return `The peer at ${endpoint} is not in the channel "${channel}" (${why}); correct the profile's channel, or have the peer join it.`;
  }
  return `No answer from ${endpoint} (${why}); is the ledger running?`;
}

function withoutResidue(said: string): string {
  const note = RESIDUE.exec(said)?.[1]?.trim() ?? '';
  const bare = said.replace(WRAPPING, '').replace(RESIDUE, '').trim();
  return note === '' ? bare : `${bare}; ${note}`;
}
