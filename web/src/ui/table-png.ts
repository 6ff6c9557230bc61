import { download } from '../lib/csv';

const ROW = 22;
const PAD = 12;
const ROWS_MAX = 1_000;
const CELL_MAX = 360;

/** Draw a table on a canvas in the page's colours and hand it out as a picture. */
export function tablePng(
  name: string,
  title: string,
  columns: readonly { label: string; numeric?: boolean }[],
  all: readonly (readonly string[])[],
): void {
  const rows = all.slice(0, ROWS_MAX);
  const style = getComputedStyle(document.documentElement);
  const color = (token: string) => style.getPropertyValue(token).trim();
  const font = (weight: number) => `${weight} 12px ${getComputedStyle(document.body).fontFamily}`;
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  if (!context) return;
  context.font = font(400);
  const widths = columns.map((column, index) => {
    const texts = [column.label, ...rows.map((row) => row[index] ?? '')];
    const widest = Math.max(...texts.map((text) => context.measureText(text).width));
    return Math.min(CELL_MAX, Math.ceil(widest)) + PAD * 2;
  });
  const width = Math.max(320, widths.reduce((sum, each) => sum + each, 0) + PAD);
  const height = (rows.length + 2) * ROW + PAD * 2;
  canvas.width = width * 2;
  canvas.height = height * 2;
  context.scale(2, 2);
  context.fillStyle = color('--panel');
  context.fillRect(0, 0, width, height);
  context.textBaseline = 'middle';
  const line = (texts: readonly string[], y: number) => {
    let x = PAD / 2;
    texts.forEach((text, index) => {
      const wide = widths[index] as number;
      const right = columns[index]?.numeric;
      context.textAlign = right ? 'right' : 'left';
      context.fillText(text, right ? x + wide - PAD : x + PAD, y, wide - PAD);
      x += wide;
    });
  };
  context.fillStyle = color('--text');
  context.font = font(600);
  context.fillText(title, PAD * 1.5, PAD + ROW / 2);
  context.font = font(400);
  context.fillStyle = color('--muted');
  line(
    columns.map((column) => column.label),
    PAD + ROW * 1.5,
  );
  context.fillStyle = color('--line');
  context.fillRect(PAD, PAD + ROW * 2, width - PAD * 2, 1);
  context.fillStyle = color('--text');
  rows.forEach((row, index) => line(row, PAD + ROW * (index + 2.5)));
  canvas.toBlob((blob) => {
    if (blob) download(name, blob);
  });
}
