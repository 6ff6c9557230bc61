/// The transform filter as a program of its own, so that its benchmark measures nothing else.
/// `transform_main [--payload] < records > rows 2> errors`

#include <csignal>
#include <cstdio>
#include <cstring>

#include "transform/filter.h"

int main(int argc, char** argv) {
  tapelake::transform::FilterOptions options;
  options.payload = argc > 1 && std::strcmp(argv[1], "--payload") == 0;
  std::signal(SIGPIPE, SIG_IGN);
  tapelake::io::DescriptorInput input(0);
  tapelake::io::DescriptorOutput output(1);
  tapelake::io::DescriptorOutput errors(2);
  const auto counts = tapelake::transform::RunFilter(input, output, errors, options);
  if (counts.ok()) return 0;
  std::fprintf(stderr, "%s\n", counts.status().ToString().c_str());
  return 1;
}
