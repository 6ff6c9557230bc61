import cpp_source

SOURCE = '''\
#include <vector>
#include "base/status.h"  // "not/this.h"
// #include "nor/this.h"
namespace tapelake {
struct Point {
  int x = 0;
  std::vector<int> values = {1, 2};
  int Sum() const { return x; }
};
const int kTable[] = {
    1,
    2,
};
Point::Point(int a)
    : x_{a},
      y_(2) {
  Call("}{", '}');
}
template <typename T>
std::vector<T>
Make(T value) {
  auto doubled = [&](int n) {
    return n * 2;
  };
  if (value) {
    for (;;) {
    }
  }
  const char* text = R"x(
}}}
)x";
  return {value};
}
enum class Kind : uint8_t { kOne = 1 };
TEST(Point, KeepsItsValue) {
  int million = 1'000'000;
}
}  // namespace tapelake
'''


def spans():
    return [(f.first_line, f.last_line) for f in cpp_source.functions(SOURCE)]


def test_finds_the_outermost_functions_with_their_lines():
    assert spans() == [(8, 8), (14, 18), (19, 33), (35, 37)]


def test_reads_includes_but_not_those_in_comments():
    assert cpp_source.includes(SOURCE) == [(1, "vector", False), (2, "base/status.h", True)]


def test_blanking_keeps_line_numbers():
    assert cpp_source.blank_literals(SOURCE).count("\n") == SOURCE.count("\n")


def test_blanking_removes_what_strings_and_comments_say():
    code = cpp_source.blank_literals('int a; // rand()\nauto b = "rand()"; /* rand() */')
    assert "rand" not in code
