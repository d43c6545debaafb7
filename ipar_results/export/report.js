/* The timeline of a report, drawn on a canvas from the data beside it: zoom, pan, pointer and keyboard. */
'use strict';
(() => {
  const source = document.getElementById('ipar-results-timeline');
  const still = document.querySelector('.ipar-timeline .ipar-plot');
  if (!source || !still) return;
  const data = JSON.parse(source.textContent);

  /* ---- what there is: one row a task, sorted by lane and start -------------------------------------- */

  const { count } = data;
  const READ = { f4: 'getFloat32', u4: 'getUint32', u2: 'getUint16', u1: 'getUint8' };
  const told_of = Object.fromEntries(data.columns.map(([name, kind, text]) => [name, values(kind, text)]));
  function values(kind, text) {
    const view = new DataView(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);
    const size = Number(kind[1]);
    return Float64Array.from({ length: count }, (_, i) => view[READ[kind]](i * size, true));
  }
  const order = Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => told_of.lane[a] - told_of.lane[b] || told_of.start[a] - told_of.start[b]);
  const column = (name, other) => Float64Array.from(order, i => (told_of[name] ? told_of[name][i] : other(i)));
  const [start, took, lane, state] = ['start', 'took', 'lane', 'state'].map(name => column(name));
  const index = column('index', i => i);
  const inputs = column('inputs', () => 1);
  const [OK, ABORTED, RUNNING, FAILED] = [0, 1, 2, 3];
  /** Where the rows of each lane begin; one more for the end. */
  const begins = data.lanes.map((_, i) => lane.findIndex(each => each >= i)).map(i => (i < 0 ? count : i));
  begins.push(count);
  /** The longest task of each lane: how far back one may begin that still runs. */
  const longest = data.lanes.map((_, i) => took.subarray(begins[i], begins[i + 1]).reduce((a, b) => Math.max(a, b), 0));

  /* ---- on the page ---------------------------------------------------------------------------------- */

  const el = (tag, facts, ...inside) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(facts)) node.setAttribute(name, value);
    node.append(...inside);
    return node;
  };
  const GUTTER = 78;
  const AXIS = 18;
  const TALLEST = 420;
  const pitch = data.lanes.length > 12 ? 12 : 18;
  const height = data.lanes.length * pitch;
  const shown = Math.min(height, TALLEST);
  const canvas = el('canvas', { 'aria-hidden': 'true' });
  const spacer = el('div', { class: 'ipar-spacer' }, canvas);
  const pane = el(
    'div',
    {
      class: 'ipar-pane',
      tabindex: '0',
      role: 'application',
      'aria-label':
        'Timeline of tasks by engine. Arrow keys go from task to task, plus and minus zoom, shift and arrow keys ' +
        'move, 0 shows all.'
    },
    spacer
  );
  const tool = (shape, name, act) => {
    const node = el('button', { type: 'button', 'aria-label': name, title: name }, shape);
    node.addEventListener('click', act);
    return node;
  };
  const tools = el(
    'div',
    { class: 'ipar-tools' },
    tool('−', 'Zoom out', () => zoom(2)),
    tool('+', 'Zoom in', () => zoom(0.5)),
    tool('↔', 'Show all', all)
  );
  const told = el('p', { class: 'ipar-told', role: 'status' }, 'Point at a task, or go there with the arrow keys.');
  const stage = el('div', { class: 'ipar-stage' }, tools, pane, told);
  if (data.note) stage.append(el('p', { class: 'ipar-cut' }, data.note));
  still.before(stage);
  still.classList.add('ipar-still');
  spacer.style.height = `${height + AXIS}px`;
  pane.style.height = `${shown + AXIS}px`;

  /* ---- drawing -------------------------------------------------------------------------------------- */

  const whole = { from: 0, to: Math.max(data.span, 1e-6) };
  let span = { ...whole };
  let chosen = -1;
  let colours = null;
  let frame = 0;
  const later = () => {
    if (!frame) frame = requestAnimationFrame(draw);
  };
  const width = () => Math.max(pane.clientWidth - GUTTER - 4, 1);
  const x = at => GUTTER + ((at - span.from) / (span.to - span.from)) * width();
  const NAMES = ['fg', 'soft-fg', 'bg', 'line', 'ok', 'bad', 'run', 'warn'];

  function readColours() {
    const probe = el('i', {});
    stage.append(probe);
    const found = NAMES.map(name => {
      probe.style.color = `var(--ipar-${name})`;
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    return Object.fromEntries(found);
  }

  /** The first row of a lane that may still be seen. */
  function first(row) {
    const from = span.from - longest[row];
    let [low, high] = [begins[row], begins[row + 1]];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (start[middle] < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function draw() {
    frame = 0;
    const ratio = window.devicePixelRatio || 1;
    const wide = pane.clientWidth;
    if (!wide) return;
    colours ??= readColours();
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round((shown + AXIS) * ratio);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${shown + AXIS}px`;
    const ink = canvas.getContext('2d');
    ink.scale(ratio, ratio);
    ink.font = `11px ${getComputedStyle(pane).fontFamily}`;
    axis(ink);
    ink.save();
    ink.beginPath();
    ink.rect(0, 0, wide, shown);
    ink.clip();
    ink.translate(0, -pane.scrollTop);
    for (let row = 0; row < data.lanes.length; row++) {
      const top = row * pitch;
      if (top + pitch < pane.scrollTop || top > pane.scrollTop + shown) continue;
      ink.textAlign = 'left';
      ink.textBaseline = 'middle';
      ink.fillStyle = colours['soft-fg'];
      ink.fillText(data.lanes[row], 0, top + pitch / 2, GUTTER - 8);
      ink.save();
      ink.beginPath();
      ink.rect(GUTTER, top, width() + 4, pitch);
      ink.clip();
      slices(ink, row, top);
      ink.restore();
    }
    ink.restore();
  }

  /** What went well first, then what did not, so that a failure is always to be seen. */
  function slices(ink, row, top) {
    const high = pitch - 3;
    for (const bad of [false, true]) {
      let painted = -1;
      for (let i = first(row); i < begins[row + 1] && start[i] <= span.to; i++) {
        if ((state[i] === ABORTED || state[i] >= FAILED) !== bad) continue;
        const left = x(start[i]);
        const size = Math.max(x(start[i] + took[i]) - left - (bad ? 0 : 0.6), bad ? 3 : 1);
        if (left + size < GUTTER || (!bad && left + size <= painted)) continue;
        ink.fillStyle = colours[['ok', 'warn', 'run'][state[i]] ?? 'bad'];
        ink.fillRect(left, top + 1, size, high);
        if (bad && size > 5) {
          // told apart without colours too
          ink.fillStyle = colours.bg;
          for (let at = left + 3; at < left + size - 1; at += 5) ink.fillRect(at, top + 1, 1, high);
        }
        painted = left + Math.max(size, 0.5);
      }
    }
    if (chosen >= 0 && lane[chosen] === row) {
      const left = x(start[chosen]);
      ink.strokeStyle = colours.fg;
      ink.lineWidth = 2;
      ink.strokeRect(left - 1, top + 1, Math.max(x(start[chosen] + took[chosen]) - left, 3) + 2, high);
    }
  }

  function axis(ink) {
    const rough = (span.to - span.from) / 6;
    const decade = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(n => n * decade).find(each => each >= rough);
    ink.textBaseline = 'alphabetic';
    for (let n = Math.ceil(span.from / step - 1e-9); n * step <= span.to; n++) {
      const at = x(n * step);
      ink.fillStyle = colours.line;
      ink.fillRect(at, 0, 1, shown);
      ink.fillStyle = colours['soft-fg'];
      const text = clock(n * step, step);
      const half = ink.measureText(text).width / 2;
      ink.textAlign = 'center';
      ink.fillText(text, Math.min(at, GUTTER + width() - half), shown + 13);
    }
  }

  /* ---- words ---------------------------------------------------------------------------------------- */

  function clock(seconds, unit = 1) {
    if (unit < 0.01 || (seconds < 0.0995 && seconds > 0)) return `${+(1000 * seconds).toPrecision(4)} ms`;
    if (seconds < 120) return `${+seconds.toFixed(unit < 1 ? 2 : 1)} s`;
    const two = number => String(number).padStart(2, '0');
    const [whole, minutes] = [Math.round(seconds), Math.floor(Math.round(seconds) / 60)];
    const hours = Math.floor(minutes / 60);
    return hours ? `${hours}:${two(minutes % 60)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  function say(i) {
    const last = index[i] + inputs[i] - 1;
    const name = inputs[i] > 1 ? `Tasks ${index[i]}–${last}` : `Task ${index[i]}`;
    const became = ['✓ ok', '⊘ aborted', '▸ running'][state[i]] ?? `✕ failed: ${data.errors[state[i] - FAILED]}`;
    return `${name} · ${data.lanes[lane[i]]} · ${became} · began at ${clock(start[i], 0.1)} · took ${clock(took[i], 0.1)}`;
  }

  function choose(i) {
    if (i === chosen) return;
    chosen = i;
    if (i >= 0) told.textContent = say(i);
    later();
  }

  /* ---- steering ------------------------------------------------------------------------------------- */

  function look(from, to) {
    const size = Math.min(Math.max(to - from, whole.to / 1e6), whole.to);
    const left = Math.min(Math.max(from, 0), whole.to - size);
    span = { from: left, to: left + size };
    later();
  }

  function zoom(factor, at = 0.5) {
    const size = (span.to - span.from) * factor;
    const held = span.from + at * (span.to - span.from);
    look(held - at * size, held + (1 - at) * size);
  }

  function move(share) {
    const by = share * (span.to - span.from);
    look(span.from + by, span.to + by);
  }

  function all() {
    look(whole.from, whole.to);
  }

  function under(event) {
    const box = pane.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top + pane.scrollTop) / pitch);
    const at = event.clientX - box.left;
    if (row < 0 || row >= data.lanes.length || at < GUTTER || event.clientY - box.top > shown) return -1;
    let found = -1;
    for (let i = first(row); i < begins[row + 1] && x(start[i]) <= at + 2; i++) {
      if (x(start[i] + took[i]) >= at - 2 && (found < 0 || state[i] >= FAILED || state[found] === OK)) found = i;
    }
    return found;
  }

  function along(by) {
    if (chosen < 0) return choose(count ? 0 : -1);
    const next = chosen + by;
    if (next >= begins[lane[chosen]] && next < begins[lane[chosen] + 1]) choose(next);
  }

  function across(by) {
    if (chosen < 0) return choose(count ? 0 : -1);
    for (let row = lane[chosen] + by; row >= 0 && row < data.lanes.length; row += by) {
      const [low, high] = [begins[row], begins[row + 1]];
      if (low === high) continue;
      let best = low;
      for (let i = low; i < high; i++) if (Math.abs(start[i] - start[chosen]) < Math.abs(start[best] - start[chosen])) best = i;
      return choose(best);
    }
  }

  function follow() {
    if (chosen < 0) return;
    const top = lane[chosen] * pitch;
    if (top < pane.scrollTop) pane.scrollTop = top;
    else if (top + pitch > pane.scrollTop + shown) pane.scrollTop = top + pitch - shown;
    const size = span.to - span.from;
    if (start[chosen] < span.from || start[chosen] > span.to) look(start[chosen] - size / 2, start[chosen] + size / 2);
  }

  const KEYS = {
    '+': () => zoom(0.5),
    '=': () => zoom(0.5),
    '-': () => zoom(2),
    '0': all,
    ArrowLeft: event => (event.shiftKey ? move(-0.125) : along(-1)),
    ArrowRight: event => (event.shiftKey ? move(0.125) : along(1)),
    ArrowUp: () => across(-1),
    ArrowDown: () => across(1),
    Home: () => choose(chosen < 0 ? 0 : begins[lane[chosen]]),
    End: () => choose(chosen < 0 ? 0 : begins[lane[chosen] + 1] - 1)
  };
  pane.addEventListener('keydown', event => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? null : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
    if (!event.shiftKey && event.key.length > 1) follow();
  });
  pane.addEventListener('scroll', later, { passive: true });
  pane.addEventListener('wheel', event => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const at = (event.clientX - pane.getBoundingClientRect().left - GUTTER) / width();
    zoom(1.2 ** Math.max(-3, Math.min(3, event.deltaY / 40)), Math.max(0, Math.min(1, at)));
  });
  let held = null;
  pane.addEventListener('pointerdown', event => {
    if (!event.button) held = { x: event.clientX, span };
  });
  window.addEventListener('pointerup', () => (held = null));
  window.addEventListener('pointercancel', () => (held = null));
  pane.addEventListener('pointermove', event => {
    if (!held || !event.buttons) return choose(under(event));
    const by = ((held.x - event.clientX) / width()) * (held.span.to - held.span.from);
    look(held.span.from + by, held.span.to + by);
  });
  new ResizeObserver(later).observe(pane);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours = null;
    later();
  });
  later();
})();
