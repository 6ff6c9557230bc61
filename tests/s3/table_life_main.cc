// Give a table a whole life (testing/table_life.h) in a directory or on S3.
// Usage: table_life cow|mor PATH

#include <cstdio>
#include <string>

#include "io/uri_file_system.h"
#include "testing/table_life.h"

int main(int argc, char** argv) {
  using tapelake::hudi::TableType;
  const std::string type = argc == 3 ? argv[1] : "";
  if (type != "cow" && type != "mor") {
    std::fprintf(stderr, "usage: table_life cow|mor PATH\n");
    return 2;
  }
  tapelake::io::UriFileSystem files;
  const tapelake::Status status = tapelake::testing::LiveTableLife(
      files, argv[2], type == "cow" ? TableType::kCopyOnWrite : TableType::kMergeOnRead);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
