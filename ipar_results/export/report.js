/* Interactive timeline of a report, drawn on a canvas: zoom and pan by pointer and keyboard. */
'use strict';
(() => {
  const source = document.getElementById('ipar-results-timeline');
  const still = document.querySelector('.ipar-timeline .ipar-plot');
  if (!source || !still) return;
  const data = JSON.parse(source.textContent);

  /* ---- data: one row for each task, sorted by lane and start ----------------------------------------- */

  const { count } = data;
  const READ = { f4: 'getFloat32', u4: 'getUint32', u2: 'getUint16', u1: 'getUint8' };
  const valuesOf = Object.fromEntries(data.columns.map(([name, kind, text]) => [name, values(kind, text)]));
  function values(kind, text) {
    const view = new DataView(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);
    const size = Number(kind[1]);
    return Float64Array.from({ length: count }, (_, i) => view[READ[kind]](i * size, true));
  }
  const order = Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => valuesOf.lane[a] - valuesOf.lane[b] || valuesOf.start[a] - valuesOf.start[b]);
  const column = (name, other) => Float64Array.from(order, i => (valuesOf[name] ? valuesOf[name][i] : other(i)));
  const [start, took, lane, state] = ['start', 'took', 'lane', 'state'].map(name => column(name));
  const index = column('index', i => i);
  const inputs = column('inputs', () => 1);
  const [OK, RUNNING, FAILED] = [0, 1, 2];
  /** First row of each lane, and the number of rows. */
  const laneStarts = data.lanes.map((_, i) => lane.findIndex(each => each >= i)).map(i => (i < 0 ? count : i));
  laneStarts.push(count);
  /** Longest duration in each lane, to find tasks that started before the visible range. */
  const longest = data.lanes.map((_, i) => took.subarray(laneStarts[i], laneStarts[i + 1]).reduce((a, b) => Math.max(a, b), 0));

  /* ---- elements ------------------------------------------------------------------------------------- */

  const el = (tag, facts, ...inside) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(facts)) node.setAttribute(name, value);
    node.append(...inside);
    return node;
  };
  const GUTTER = 78;
  const AXIS = 18;
  const MAX_HEIGHT = 420;
  const pitch = data.lanes.length > 12 ? 12 : 18;
  const height = data.lanes.length * pitch;
  const shown = Math.min(height, MAX_HEIGHT);
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
  const button = (shape, name, act) => {
    const node = el('button', { type: 'button', 'aria-label': name, title: name }, shape);
    node.addEventListener('click', act);
    return node;
  };
  const tools = el(
    'div',
    { class: 'ipar-tools' },
    button('−', 'Zoom out', () => zoom(2)),
    button('+', 'Zoom in', () => zoom(0.5)),
    button('↔', 'Show all', showAll)
  );
  const status = el('p', { class: 'ipar-told', role: 'status' }, 'Point at a task, or go there with the arrow keys.');
  const stage = el('div', { class: 'ipar-stage' }, tools, pane, status);
  if (data.note) stage.append(el('p', { class: 'ipar-cut' }, data.note));
  still.before(stage);
  still.classList.add('ipar-still');
  spacer.style.height = `${height + AXIS}px`;
  pane.style.height = `${shown + AXIS}px`;

  /* ---- drawing -------------------------------------------------------------------------------------- */

  const whole = { from: 0, to: Math.max(data.span, 1e-6) };
  let span = { ...whole };
  let selected = -1;
  let colours = null;
  let frame = 0;
  const scheduleDraw = () => {
    if (!frame) frame = requestAnimationFrame(draw);
  };
  const width = () => Math.max(pane.clientWidth - GUTTER - 4, 1);
  const x = at => GUTTER + ((at - span.from) / (span.to - span.from)) * width();
  const VARIABLES = { fg: 'ink', 'soft-fg': 'soft', bg: 'paper', line: 'rest', ok: 'ok', bad: 'bad', run: 'run' };

  function readColours() {
    const probe = el('i', {});
    stage.append(probe);
    const found = Object.entries(VARIABLES).map(([name, variable]) => {
      probe.style.color = `var(--${variable})`;
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    return Object.fromEntries(found);
  }

  /** Return the first row of a lane that may be visible. */
  function firstVisible(row) {
    const from = span.from - longest[row];
    let [low, high] = [laneStarts[row], laneStarts[row + 1]];
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
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    context.font = `11px ${getComputedStyle(pane).fontFamily}`;
    axis(context);
    context.save();
    context.beginPath();
    context.rect(0, 0, wide, shown);
    context.clip();
    context.translate(0, -pane.scrollTop);
    for (let row = 0; row < data.lanes.length; row++) {
      const top = row * pitch;
      if (top + pitch < pane.scrollTop || top > pane.scrollTop + shown) continue;
      context.textAlign = 'left';
      context.textBaseline = 'middle';
      context.fillStyle = colours['soft-fg'];
      context.fillText(data.lanes[row], 0, top + pitch / 2, GUTTER - 8);
      context.save();
      context.beginPath();
      context.rect(GUTTER, top, width() + 4, pitch);
      context.clip();
      slices(context, row, top);
      context.restore();
    }
    context.restore();
    breaks(context);
  }

  /** Paint tasks that succeeded first, so that failures stay visible on top. */
  function slices(context, row, top) {
    const high = pitch - 3;
    for (const bad of [false, true]) {
      let painted = -1;
      for (let i = firstVisible(row); i < laneStarts[row + 1] && start[i] <= span.to; i++) {
        if ((state[i] >= FAILED) !== bad) continue;
        const left = x(start[i]);
        const size = Math.max(x(start[i] + took[i]) - left - (bad ? 0 : 0.6), bad ? 3 : 1);
        if (left + size < GUTTER || (!bad && left + size <= painted)) continue;
        context.fillStyle = colours[['ok', 'run'][state[i]] ?? 'bad'];
        context.fillRect(left, top + 1, size, high);
        if (bad && size > 5) {
          // stripes, so that status is not shown by colour alone
          context.fillStyle = colours.bg;
          for (let at = left + 3; at < left + size - 1; at += 5) context.fillRect(at, top + 1, 1, high);
        }
        painted = left + Math.max(size, 0.5);
      }
    }
    if (selected >= 0 && lane[selected] === row) {
      const left = x(start[selected]);
      context.strokeStyle = colours.fg;
      context.lineWidth = 2;
      context.strokeRect(left - 1, top + 1, Math.max(x(start[selected] + took[selected]) - left, 3) + 2, high);
    }
  }

  function axis(context) {
    const rough = (span.to - span.from) / 6;
    const decade = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(n => n * decade).find(each => each >= rough);
    context.textBaseline = 'alphabetic';
    for (let n = Math.ceil(span.from / step - 1e-9); n * step <= span.to; n++) {
      const at = x(n * step);
      context.fillStyle = colours.line;
      context.fillRect(at, 0, 1, shown);
      context.fillStyle = colours['soft-fg'];
      const text = formatTime(n * step, step);
      const half = context.measureText(text).width / 2;
      context.textAlign = 'center';
      context.fillText(text, Math.min(at, GUTTER + width() - half), shown + 13);
    }
  }

  /** Mark where the pause before a retry is cut out. */
  function breaks(context) {
    for (const at of data.breaks.map(x).filter(at => at >= GUTTER)) {
      ['soft-fg', 'bg', 'soft-fg'].forEach((colour, i) => {
        context.fillStyle = colours[colour];
        context.fillRect(Math.round(at) + i - 1, 0, 1, shown);
      });
    }
  }

  /* ---- text ----------------------------------------------------------------------------------------- */

  function formatTime(seconds, unit = 1) {
    if (unit < 0.01 || (seconds < 0.0995 && seconds > 0)) return `${+(1000 * seconds).toPrecision(4)} ms`;
    if (seconds < 120) return `${+seconds.toFixed(unit < 1 ? 2 : 1)} s`;
    const two = number => String(number).padStart(2, '0');
    const [whole, minutes] = [Math.round(seconds), Math.floor(Math.round(seconds) / 60)];
    const hours = Math.floor(minutes / 60);
    return hours ? `${hours}:${two(minutes % 60)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  function describe(i) {
    const last = index[i] + inputs[i] - 1;
    const name = inputs[i] > 1 ? `Tasks ${index[i]}–${last}` : `Task ${index[i]}`;
    const outcome = ['✓ ok', '▸ running'][state[i]] ?? `✕ failed: ${data.errors[state[i] - FAILED]}`;
    return `${name} · ${data.lanes[lane[i]]} · ${outcome} · began at ${formatTime(start[i], 0.1)} · took ${formatTime(took[i], 0.1)}`;
  }

  function select(i) {
    if (i === selected) return;
    selected = i;
    if (i >= 0) status.textContent = describe(i);
    scheduleDraw();
  }

  /* ---- interaction ---------------------------------------------------------------------------------- */

  function showRange(from, to) {
    const size = Math.min(Math.max(to - from, whole.to / 1e6), whole.to);
    const left = Math.min(Math.max(from, 0), whole.to - size);
    span = { from: left, to: left + size };
    scheduleDraw();
  }

  function zoom(factor, at = 0.5) {
    const size = (span.to - span.from) * factor;
    const held = span.from + at * (span.to - span.from);
    showRange(held - at * size, held + (1 - at) * size);
  }

  function pan(share) {
    const by = share * (span.to - span.from);
    showRange(span.from + by, span.to + by);
  }

  function showAll() {
    showRange(whole.from, whole.to);
  }

  function taskAt(event) {
    const box = pane.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top + pane.scrollTop) / pitch);
    const at = event.clientX - box.left;
    if (row < 0 || row >= data.lanes.length || at < GUTTER || event.clientY - box.top > shown) return -1;
    let found = -1;
    for (let i = firstVisible(row); i < laneStarts[row + 1] && x(start[i]) <= at + 2; i++) {
      if (x(start[i] + took[i]) >= at - 2 && (found < 0 || state[i] >= FAILED || state[found] === OK)) found = i;
    }
    return found;
  }

  function selectInLane(by) {
    if (selected < 0) return select(count ? 0 : -1);
    const next = selected + by;
    if (next >= laneStarts[lane[selected]] && next < laneStarts[lane[selected] + 1]) select(next);
  }

  function selectInOtherLane(by) {
    if (selected < 0) return select(count ? 0 : -1);
    for (let row = lane[selected] + by; row >= 0 && row < data.lanes.length; row += by) {
      const [low, high] = [laneStarts[row], laneStarts[row + 1]];
      if (low === high) continue;
      let best = low;
      for (let i = low; i < high; i++) if (Math.abs(start[i] - start[selected]) < Math.abs(start[best] - start[selected])) best = i;
      return select(best);
    }
  }

  function scrollToSelected() {
    if (selected < 0) return;
    const top = lane[selected] * pitch;
    if (top < pane.scrollTop) pane.scrollTop = top;
    else if (top + pitch > pane.scrollTop + shown) pane.scrollTop = top + pitch - shown;
    const size = span.to - span.from;
    if (start[selected] < span.from || start[selected] > span.to) showRange(start[selected] - size / 2, start[selected] + size / 2);
  }

  const KEYS = {
    '+': () => zoom(0.5),
    '=': () => zoom(0.5),
    '-': () => zoom(2),
    '0': showAll,
    ArrowLeft: event => (event.shiftKey ? pan(-0.125) : selectInLane(-1)),
    ArrowRight: event => (event.shiftKey ? pan(0.125) : selectInLane(1)),
    ArrowUp: () => selectInOtherLane(-1),
    ArrowDown: () => selectInOtherLane(1),
    Home: () => select(selected < 0 ? 0 : laneStarts[lane[selected]]),
    End: () => select(selected < 0 ? 0 : laneStarts[lane[selected] + 1] - 1)
  };
  pane.addEventListener('keydown', event => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? null : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
    if (!event.shiftKey && event.key.length > 1) scrollToSelected();
  });
  pane.addEventListener('scroll', scheduleDraw, { passive: true });
  pane.addEventListener('wheel', event => {
    if (!event.ctrlKey && !event.metaKey) return; // let the page scroll
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
    if (!held || !event.buttons) return select(taskAt(event));
    const by = ((held.x - event.clientX) / width()) * (held.span.to - held.span.from);
    showRange(held.span.from + by, held.span.to + by);
  });
  new ResizeObserver(scheduleDraw).observe(pane);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours = null;
    scheduleDraw();
  });
  scheduleDraw();
})();
