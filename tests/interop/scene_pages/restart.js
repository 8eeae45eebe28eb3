// Fetches a small file ?requests=N times, whatever becomes of the server meanwhile.
window.addEventListener("load", () => report(async () => {
  const all = Number(parameters.get("requests"));
  const seen = { ok: 0, failed: [] };
  let next = 0;
  async function worker() {
    while (next < all) {
      const number = next++;
      try {
        const answer = await fetch(`/small.txt?n=${number}`, { cache: "no-store" });
        const text = await answer.text();
        if (answer.status === 200 && text === "small\n") ++seen.ok;
        else seen.failed.push(`${number}: ${answer.status}`);
      } catch (error) {
        seen.failed.push(`${number}: ${error}`);
      }
    }
  }
  await Promise.all(Array.from({ length: 20 }, worker));
  return seen;
}));
