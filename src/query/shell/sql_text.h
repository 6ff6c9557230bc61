#pragma once

/// Cut SQL text into statements without understanding them. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace tapelake::query {

/// One statement or dot command of a script.
struct ScriptPiece {
  std::string text;    ///< Without the ';' and without blanks around it; comments inside stay.
  int first_line = 1;  ///< Line of the script where `text` starts; the first is 1.
  bool dot_command = false;
  bool ended = true;  ///< Closed by ';' (or a dot command); the last piece may not be.
};

/// Cut `script` at every ';' that is not inside quotes ('...', E'...', "...", $tag$...$tag$) or
/// comments (-- and nested /* */). Between statements a line that starts with '.' and a letter is a
/// dot command. Pieces of blanks and comments alone are left out.
std::vector<ScriptPiece> SplitScript(std::string_view script);

}  // namespace tapelake::query
