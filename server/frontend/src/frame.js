/**
 * Binary frames: a JSON header, then float64 columns that are used where they lie.
 *
 * `TLF1`, the header's length (u32, little-endian), the header, zero bytes up to a multiple of eight, the columns. Series
 * may share a column, so nobody writes into one.
 *
 * @typedef {Object} Series
 * @property {number} run        the run's number in the database
 * @property {string} path
 * @property {number} points     points in the range that was asked for
 * @property {number} nonfinite  how many of them are NaN or infinite
 * @property {number} start_ms   when the series began
 * @property {Record<string, Float64Array>} columns  of one length
 * @property {string} [expression]    what it was worked out from, in the place of a metric
 * @property {number} [group]         the number of the group of runs that it belongs to
 * @property {boolean} [exact]        false where the band may be wider than the values are
 * @property {number} [abandoned_by]  the attempt that left it behind
 */

const MAGIC = "TLF1";
const HEAD_BYTES = 8;
const NUMBER_BYTES = 8;
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Read a frame. Throws where the bytes are none, rather than drawing what was never logged.
 * @param {ArrayBuffer} buffer
 * @returns {{series: Series[], version?: number}}
 */
export function decodeFrame(buffer) {
  const bytes = new DataView(buffer);
  if (buffer.byteLength < HEAD_BYTES || textOf(buffer, 0, 4) !== MAGIC) {
    throw new Error("The server's answer is not a frame of chart data.");
  }
  const length = bytes.getUint32(4, true);
  const header = JSON.parse(textOf(buffer, HEAD_BYTES, length));
  const start = Math.ceil((HEAD_BYTES + length) / NUMBER_BYTES) * NUMBER_BYTES;
  const numbers = numbersFrom(buffer, start);
  const series = header.series.map((item) => {
    const names = item.columns;
    const columns = {};
    names.forEach((name, place) => {
      const from = item.offsets[place];
      if (from + item.buckets > numbers.length) throw new Error("The frame of chart data was cut short.");
      columns[name] = numbers.subarray(from, from + item.buckets);
    });
    return { ...item, columns };
  });
  return { ...header, series };
}

/** @param {ArrayBuffer} buffer @param {number} start @returns {Float64Array} */
function numbersFrom(buffer, start) {
  const count = Math.max(0, Math.floor((buffer.byteLength - start) / NUMBER_BYTES));
  if (littleEndian) return new Float64Array(buffer, Math.min(start, buffer.byteLength), count);
  const view = new DataView(buffer, start);
  return Float64Array.from({ length: count }, (_, place) => view.getFloat64(place * NUMBER_BYTES, true));
}

/** @param {ArrayBuffer} buffer @param {number} start @param {number} length */
function textOf(buffer, start, length) {
  return new TextDecoder().decode(new Uint8Array(buffer, start, length));
}
