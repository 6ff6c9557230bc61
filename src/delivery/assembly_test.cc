#include "delivery/assembly.h"

#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "delivery/testing_gunzip.h"

namespace tapelake::delivery {
namespace {

void AddLine(Assembly* assembly, size_t part, const std::string& line) {
  // As writers do: more room is asked for than is used.
  char* to = assembly->Reserve(part, line.size() + 100);
  std::memcpy(to, line.data(), line.size());
  assembly->Commit(part, to + line.size());
}

std::vector<std::string> Lines(int count, size_t bytes) {
  std::mt19937 random(7);
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    std::string line = std::to_string(i) + ":";
    while (line.size() < bytes)
      line.push_back(static_cast<char>('a' + random() % 5));
    lines.push_back(line + "\n");
  }
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line;
  return text;
}

/// The object of these lines, compressed as they come or all at the end.
std::string MakeObject(const std::vector<std::string>& lines, bool early) {
  ChunkPool pool;
  Assembly assembly(pool, Compression::kGzip);
  const size_t part = assembly.AddPart();
  for (const std::string& line : lines) {
    AddLine(&assembly, part, line);
    while (early && assembly.CompressChunk()) {
    }
  }
  assembly.CompletePart(part);
  EXPECT_FALSE(assembly.sealed());
  assembly.Seal();
  EXPECT_TRUE(assembly.sealed());
  while (assembly.CompressChunk()) {
  }
  return assembly.RawObject();
}

TEST(Assembly, MakesOneGzipMemberOfAllLines) {
  for (const auto& lines : {Lines(1, 1), Lines(10, 300), Lines(5'000, 400), Lines(3, 1'000'000),
                            Lines(1, kChunkBytes - 1), Lines(2, kChunkBytes / 2 - 1)}) {
    const std::string object = MakeObject(lines, true);
    EXPECT_EQ(Gunzip(object), Joined(lines));
    EXPECT_EQ(MakeObject(lines, true), object);
    EXPECT_EQ(MakeObject(lines, false), object);
  }
  EXPECT_EQ(MakeObject({}, true), "");
}

// D2: after a crash the sources may come back in another order, in other blocks.
TEST(Assembly, MakesTheSameBytesInWhateverOrderItsPartsCome) {
  const auto lines = Lines(3'000, 400);
  const std::string object = MakeObject(lines, true);
  const std::vector<size_t> ends = {700, 701, 701, 2'000, 3'000};
  for (const std::vector<size_t>& order :
       {std::vector<size_t>{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}, {1, 4, 0, 3, 2}}) {
    ChunkPool pool;
    Assembly assembly(pool, Compression::kGzip);
    for (size_t i = 0; i < ends.size(); ++i)
      assembly.AddPart();
    for (const size_t part : order) {
      for (size_t i = part == 0 ? 0 : ends[part - 1]; i < ends[part]; ++i)
        AddLine(&assembly, part, lines[i]);
      assembly.ErrorLines(part, "type")->append(std::to_string(part));
      assembly.CompletePart(part);
      while (assembly.CompressChunk()) {
      }
    }
    assembly.Seal();
    while (assembly.CompressChunk()) {
    }
    EXPECT_EQ(assembly.RawObject(), object);
    EXPECT_EQ(assembly.RawObject(), object);
    EXPECT_EQ(assembly.texts().errors.at("type"), "01234");
  }
}

}  // namespace
}  // namespace tapelake::delivery
