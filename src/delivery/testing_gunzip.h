#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>

namespace tapelake::delivery {

/// The content of one gzip member, whose checksum is checked; a test failure if there is anything
/// else in `bytes`.
inline std::string Gunzip(std::string_view bytes) {
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
  state->avail_in = static_cast<uint32_t>(bytes.size());
  std::string text;
  std::string piece(1 << 16, '\0');
  do {
    state->next_out = reinterpret_cast<uint8_t*>(piece.data());
    state->avail_out = static_cast<uint32_t>(piece.size());
    const int outcome = isal_inflate(state.get());
    EXPECT_EQ(outcome, ISAL_DECOMP_OK);
    text.append(piece, 0, piece.size() - state->avail_out);
    if (outcome != ISAL_DECOMP_OK) break;
  } while (state->avail_out == 0 || state->avail_in > 0);
  EXPECT_EQ(state->block_state, ISAL_BLOCK_FINISH);
  EXPECT_EQ(state->avail_in, 0u);
  return text;
}

}  // namespace tapelake::delivery
