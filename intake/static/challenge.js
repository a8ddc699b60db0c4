/* Solves the puzzle of a challenge page in ALTCHA's format (v1): the number whose SHA-256 behind the salt is given.
   Old browsers too, and without https: no worker, no WebCrypto, in slices, so that the page stays alive. */
(function () {
  "use strict";
  var box = document.getElementById("altcha-box"), field = document.getElementById("altcha");
  if (!box || !field || !window.JSON) { return; }
  var K = [], H0 = [];
  (function () { /* the constants are the first bits of roots of the first primes */
    var primes = [], n = 2, i;
    function first32(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
    while (primes.length < 64) {
      for (i = 0; i < primes.length && n % primes[i]; i++) { /* next prime */ }
      if (i === primes.length) { primes.push(n); }
      n++;
    }
    for (i = 0; i < 64; i++) { K.push(first32(Math.pow(primes[i], 1 / 3))); }
    for (i = 0; i < 8; i++) { H0.push(first32(Math.pow(primes[i], 1 / 2))); }
  })();
  var w = [];
  function block(h, m, at) {
    var a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], j = h[7], i, x, y, t1, t2;
    for (i = 0; i < 16; i++) { w[i] = m[at + i] | 0; }
    for (; i < 64; i++) {
      x = w[i - 15]; y = w[i - 2];
      w[i] = (w[i - 16] + w[i - 7] +
        ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0;
    }
    for (i = 0; i < 64; i++) {
      t1 = (j + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) +
        ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      t2 = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) +
        ((a & b) ^ (a & c) ^ (b & c))) | 0;
      j = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += j;
  }
  function sha256(text) { /* ASCII, as salts and numbers are */
    var h = H0.slice(), m = [], blocks = ((text.length + 8) >> 6) + 1, i;
    for (i = 0; i < blocks * 16; i++) { m[i] = 0; }
    for (i = 0; i < text.length; i++) { m[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8); }
    m[i >> 2] |= 128 << (24 - (i & 3) * 8);
    m[blocks * 16 - 1] = text.length * 8;
    for (i = 0; i < blocks; i++) { block(h, m, i * 16); }
    return h;
  }
  var puzzle = JSON.parse(box.getAttribute("data-puzzle")), goal = [], number = 0, i;
  var status = document.getElementById("altcha-status");
  for (i = 0; i < 8; i++) { goal.push(parseInt(puzzle.challenge.substr(i * 8, 8), 16) | 0); }
  function found(h) {
    for (var at = 0; at < 8; at++) { if ((h[at] | 0) !== goal[at]) { return false; } }
    return true;
  }
  function done() {
    field.value = window.btoa(JSON.stringify({
      algorithm: puzzle.algorithm, challenge: puzzle.challenge, number: number, salt: puzzle.salt,
      signature: puzzle.signature
    }));
    status.textContent = box.getAttribute("data-done");
    document.getElementById("altcha-question").hidden = true;
  }
  function slice() {
    var until = new Date().getTime() + 40;
    do {
      for (i = 0; i < 50 && number <= puzzle.maxNumber; i++, number++) {
        if (found(sha256(puzzle.salt + number))) { done(); return; }
      }
    } while (number <= puzzle.maxNumber && new Date().getTime() < until);
    if (number <= puzzle.maxNumber) { window.setTimeout(slice, 0); } else { box.hidden = true; }
  }
  if (puzzle.algorithm !== "SHA-256" || !window.btoa) { return; }
  box.hidden = false;
  window.setTimeout(slice, 0);
})();
