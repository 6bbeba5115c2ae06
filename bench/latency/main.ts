/** How soon a follower tells what is found: on the stream, or with SEAL=100000 when a day is sealed with so many events open. */
if (process.env.SEAL === undefined) await import('./stream.js');
else await import('./seals.js');
