// A catalog like the program's: names, units and sources.

const rows = [
  ['rv_5m_1h', 'Realised 5m', 'annualised', '12 x 5m', 'volatility', 'Andersen-Bollerslev-Diebold-Labys 2003, Econometrica 71:579', '', 0.44, 0.1],
  ['rv_5m_24h', 'Realised 5m', 'annualised', '288 x 5m', 'volatility', 'Andersen-Bollerslev-Diebold-Labys 2003, Econometrica 71:579', '', 0.47, 0.05],
  ['bipower_24h', 'Bipower', 'annualised', '288 x 5m', 'volatility', 'Barndorff-Nielsen-Shephard 2004, JFEC 2:1', 'jump share', 0.43, 0.05],
  ['two_scale_24h', 'Two-scale', 'annualised', '1440 x 1m', 'volatility', 'Zhang-Mykland-Ait-Sahalia 2005, JASA 100:1394', '', 0.41, 0.05],
  ['parkinson_1h', 'Parkinson', 'annualised', '60 x 1m', 'volatility', 'Parkinson 1980, J. Business 53:61', '', 0.36, 0.1],
  ['garman_klass_1h', 'Garman–Klass', 'annualised', '60 x 1m', 'volatility', 'Garman-Klass 1980, J. Business 53:67', '', 0.35, 0.1],
  ['rogers_satchell_1h', 'Rogers–Satchell', 'annualised', '60 x 1m', 'volatility', 'Rogers-Satchell 1991, Annals Appl. Prob. 1:504', '', 0.34, 0.1],
  ['yang_zhang_1h', 'Yang–Zhang', 'annualised', '60 x 1m', 'volatility', 'Yang-Zhang 2000, J. Business 73:477', '', 0.37, 0.1],
  ['yang_zhang_30d', 'Yang–Zhang', 'annualised', '30 x 1d', 'volatility', 'Yang-Zhang 2000, J. Business 73:477', '', 0.5, 0.1],
  ['ewma', 'EWMA 0.94', 'annualised', '1m', 'volatility', 'RiskMetrics 1996', '', 0.39, 0.2],
  ['atr_14', 'ATR 14', 'quote', '14 x 1m', 'volatility', 'Wilder 1978', 'percent of close', 41.2, 0.1],
  ['bollinger_width', 'Bollinger width', 'ratio', '20 x 1m', 'volatility', 'Bollinger 2001', '%b', 0.0041, 0.2],
  ['edge_1h', 'EDGE spread', 'bp', '60 x 1m', 'liquidity', 'Ardia-Guidotti-Kroencke 2024, JFE 161:103916', '', 2.31, 0.2],
  ['corwin_schultz_1h', 'Corwin–Schultz', 'bp', '60 x 1m', 'liquidity', 'Corwin-Schultz 2012, J. Finance 67:719', '', 1.1, 0.3],
  ['abdi_ranaldo_1h', 'Abdi–Ranaldo', 'bp', '60 x 1m', 'liquidity', 'Abdi-Ranaldo 2017, RFS 30:4437', '', 2.6, 0.2],
  ['roll_24h', 'Roll', 'bp', '1440 x 1m', 'liquidity', 'Roll 1984, J. Finance 39:1127', '', 2, 0.2],
  ['amihud_24h', 'Amihud', '1e6/quote', '1440 x 1m', 'liquidity', 'Amihud 2002, J. Financial Markets 5:31', 'median', 0.00213, 0.1],
  ['kyle_lambda_1h', "Kyle's λ", 'bp/1e6', '60 x 1m', 'liquidity', 'Kyle 1985, Econometrica 53:1315', 't', 0.82, 0.3],
  ['kyle_obizhaeva', 'Kyle–Obizhaeva', '', '1d', 'liquidity', 'Kyle-Obizhaeva 2016, Econometrica 84:1345', '', 0.0000312, 0.1],
  ['imbalance_1m', 'Trade imbalance', 'ratio', '60 x 1s', 'liquidity', 'Chordia-Roll-Subrahmanyam 2002, JFE 65:111', '', 0.18, 2],
  ['vpin', 'VPIN', 'ratio', '50 buckets', 'liquidity', "Easley-Lopez de Prado-O'Hara 2012", '', 0.31, 0.1],
  ['gap', 'Exchange gap', 'bp', 'now', 'liquidity', 'Makarov-Schoar 2020, JFE 135:293', 'age (seconds)', 3.4, 0.4],
  ['vwap_deviation_24h', 'VWAP deviation', 'bp', '24 h', 'activity', 'Berkowitz-Logue-Noser 1988, JF 43:97', '', -12.4, 0.4],
  ['relative_volume', 'Relative volume', 'ratio', '1 h', 'activity', 'same hour, 20 days', '', 1.24, 0.1],
  ['hhi_24h', 'HHI of exchanges', 'ratio', '24 h', 'activity', 'Herfindahl 1950; Rhoades 1993', 'effective number', 0.21, 0.02],
  ['failed_rate_1h', 'Failed trades', 'share', '1 h', 'quality', 'failed / all rows', '', 0.021, 0.1],
  ['fee_rate_1h', 'Fee rate', 'bp', '1 h', 'quality', 'fees / money', '', 7.9, 0.05],
];

export const MEASURES = rows.map(
  ([name, label, unit, window, group, formula, detail, base, spread]) =>
    ({ name, label, unit, window, group, formula, detail, base, spread }));
