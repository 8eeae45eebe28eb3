// Finds out how this page and its resources came, fetches things again to hash them, and posts it all to ?sink=URL.
const parameters = new URLSearchParams(location.search);

function hex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function hashed(url) {
  const answer = await fetch(url, { cache: "no-store" });
  return { status: answer.status, sha256: hex(await crypto.subtle.digest("SHA-256", await answer.arrayBuffer())) };
}

// Streams a file of any size; crypto.subtle cannot hash a stream, so each block is hashed by itself.
async function streamed(url, blockSize) {
  const answer = await fetch(url, { cache: "no-store" });
  const reader = answer.body.getReader();
  const block = new Uint8Array(blockSize);
  const blocks = [];
  let filled = 0;
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    let taken = 0;
    while (taken < value.length) {
      const part = value.subarray(taken, taken + Math.min(value.length - taken, blockSize - filled));
      block.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === blockSize) {
        blocks.push(hex(await crypto.subtle.digest("SHA-256", block)));
        filled = 0;
      }
    }
  }
  if (filled > 0) blocks.push(hex(await crypto.subtle.digest("SHA-256", block.subarray(0, filled))));
  return { status: answer.status, length, blocks };
}

function entries(type) {
  return performance.getEntriesByType(type).map((entry) => ({
    url: entry.name, protocol: entry.nextHopProtocol, size: entry.decodedBodySize, status: entry.responseStatus,
  }));
}

async function report(findOut) {
  let body;
  try {
    body = await findOut();
  } catch (error) {
    body = { error: String(error) };
  }
  await fetch(parameters.get("sink"), { method: "POST", mode: "no-cors", body: JSON.stringify(body) });
}
