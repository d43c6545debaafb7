/** Visible span. */

import { describe, expect, test } from 'vitest';

import { VisibleSpan } from '../../src/timeline/pan-zoom';

describe('the visible span', () => {
  function visibleSpan(): VisibleSpan {
    const made = new VisibleSpan();
    made.full = { from: 0, to: 100 };
    return made;
  }

  test('zooms around a place and back to all', () => {
    const made = visibleSpan();
    made.zoom(0.5, 0);
    expect(made.span).toEqual({ from: 0, to: 50 });
    made.zoom(4);
    expect(made.zoomed).toBeNull();
  });

  test('stays within the full span', () => {
    const made = visibleSpan();
    made.zoom(0.5);
    made.move({ from: 25, to: 75 }, 1000);
    expect(made.span).toEqual({ from: 50, to: 100 });
  });

  test('begins at a time, and stays within a full span that became shorter', () => {
    const made = visibleSpan();
    made.zoom(0.2, 0);
    made.moveTo(60);
    expect(made.span).toEqual({ from: 60, to: 80 });
    made.full = { from: 0, to: 50 };
    made.keepWithin();
    expect(made.span).toEqual({ from: 30, to: 50 });
  });

  test('moves only as far as needed to show a time', () => {
    const made = visibleSpan();
    made.zoom(0.5, 0);
    made.include(20);
    expect(made.span).toEqual({ from: 0, to: 50 });
    made.include(60);
    expect(made.span).toEqual({ from: 35, to: 85 });
  });
});
