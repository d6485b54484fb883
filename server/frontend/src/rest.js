/** Waits until somebody has stopped typing, or opening one eye after the other. */

/** Does something once it has not been asked for again for so long. @param {() => void} act @param {number} pause_ms @returns {() => void} */
export function atRest(act, pause_ms) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, pause_ms);
  };
}
