#include "io/random.h"

#include <sys/random.h>

#include <bit>

#include "base/assert.h"

namespace tapelake::io {

SeededRandom::SeededRandom(uint64_t seed) {
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

uint64_t SeededRandom::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t SystemRandom::Next() {
  // Not std::random_device, which on some machines takes each word from the CPU's own entropy
  // source: microseconds.
  uint64_t word = 0;
  TAPELAKE_ASSERT(::getentropy(&word, sizeof(word)) == 0);
  return word;
}

}  // namespace tapelake::io
