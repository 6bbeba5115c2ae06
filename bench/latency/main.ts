/** How soon a follower tells what is found: on the stream, or with SEAL=100000 when a day is sealed with so many events open. */
await import(process.env.SEAL === undefined ? './stream.js' : './seals.js');
