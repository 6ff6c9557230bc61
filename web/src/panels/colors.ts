/** The page's colours, for what is drawn on canvases. */
export interface Colors {
  panel: string;
  text: string;
  muted: string;
  line: string;
  up: string;
  down: string;
  upSoft: string;
  downSoft: string;
  vwap: string;
  band: string;
  bollinger: string;
  accent: string;
}

export function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    panel: of('panel'),
    text: of('text'),
    muted: of('muted'),
    line: of('line'),
    up: of('candle-up'),
    down: of('candle-down'),
    upSoft: of('volume-up'),
    downSoft: of('volume-down'),
    vwap: of('vwap'),
    band: of('band'),
    bollinger: of('bollinger'),
    accent: of('accent'),
  };
}
