// What follows from a graph of imports.

/**
 * @param {ReadonlyMap<string, readonly string[]>} graph - Edges to nodes that are not keys are ignored.
 * @returns {string[][]} Each cycle once, its first node repeated at the end.
 */
export function findCycles(graph) {
  /** @type {string[][]} */
  const cycles = [];
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  const visit = (node) => {
    const at = path.indexOf(node);
    if (at !== -1) {
      cycles.push([...path.slice(at), node]);
      return;
    }
    if (done.has(node) || !graph.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}

/**
 * @param {string} start
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {string[]} `start` and everything it leads to.
 */
export function reachable(start, graph) {
  const found = new Set([start]);
  for (const node of found) for (const next of graph.get(node) ?? []) found.add(next);
  return [...found];
}
