/// A signed request, changed in one place in any way that could mean something else, is refused.

#include <algorithm>
#include <cctype>
#include <functional>

#include <gtest/gtest.h>

#include "io/random.h"
#include "testing/signed_request.h"

namespace tapelake::security {
namespace {

using testing::Judge;
using testing::kMinuteMicros;
using testing::kNowMicros;
using testing::Pairs;
using testing::Request;
using testing::Rules;
using testing::Signer;

/// A request and the moment at which it is judged.
struct Attempt {
  Request request;
  VerifyRules rules;
};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  /// A way to change something.
  struct Kind {
    const char* name;
    std::function<void(Mutator&, Attempt*)> change;
  };

  size_t Below(size_t bound) { return random_.Below(bound); }

  /// Put another byte in place of one, never one that signatures do not see.
  void ChangeByte(std::string* text) {
    if (text->empty()) {
      text->push_back('x');
      return;
    }
    const size_t at = Below(text->size());
    const char old = (*text)[at];
    char now = old;
    while (now == old || now == ' ' || now == '\t')
      now = static_cast<char>('!' + Below(94));
    (*text)[at] = now;
  }

  /// Change, remove or insert a byte.
  void ChangeText(std::string* text) {
    const size_t at = Below(text->size() + 1);
    switch (Below(3)) {
      case 0:
        return ChangeByte(text);
      case 1:
        text->insert(at, 1, static_cast<char>('!' + Below(94)));
        return;
      default:
        if (text->empty()) return ChangeByte(text);
        text->erase(std::min(at, text->size() - 1), 1);
    }
  }

  std::pair<std::string, std::string>& AnyOf(Pairs* pairs) {
    return (*pairs)[Below(pairs->size())];
  }

  /// A field that is signed, and is not the signature.
  std::pair<std::string, std::string>& SignedField(Request* request) {
    while (true) {
      auto& field = AnyOf(&request->fields);
      if (field.first != "authorization") return field;
    }
  }

  /// What says who signed what: the field, or the parameters of a presigned request.
  std::string& Authorization(Request* request) {
    for (auto& [name, value] : request->fields) {
      if (name == "authorization") return value;
    }
    return AnyOf(&request->query).second;
  }

 private:
  io::SeededRandom random_;
};

using Kinds = std::vector<Mutator::Kind>;

/// Of method, path, parameters and body.
Kinds RequestKinds() {
  return {
      {"method",
       [](Mutator& m, Attempt* a) {
         const std::string methods[] = {"PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "post"};
         a->request.method = methods[m.Below(std::size(methods))];
       }},
      {"path", [](Mutator& m, Attempt* a) { m.ChangeText(&a->request.path); }},
      {"path with dots", [](Mutator&, Attempt* a) { a->request.path += "./"; }},
      {"new parameter",
       [](Mutator& m, Attempt* a) {
         a->request.query.emplace_back("P" + std::to_string(m.Below(100)), m.Below(2) ? "1" : "");
       }},
      {"parameter",
       [](Mutator& m, Attempt* a) {
         if (a->request.query.empty()) a->request.query.emplace_back("Action", "");
         auto& parameter = m.AnyOf(&a->request.query);
         m.ChangeText(m.Below(2) ? &parameter.first : &parameter.second);
       }},
      {"lost parameter",
       [](Mutator& m, Attempt* a) {
         auto& query = a->request.query;
         if (query.empty()) return query.emplace_back("Action", ""), void();
         query.erase(query.begin() + static_cast<ptrdiff_t>(m.Below(query.size())));
       }},
      {"body", [](Mutator& m, Attempt* a) { m.ChangeText(&a->request.body); }},
  };
}

/// Of fields of the head.
Kinds FieldKinds() {
  return {
      {"field", [](Mutator& m, Attempt* a) { m.ChangeByte(&m.SignedField(&a->request).second); }},
      {"name of a field",
       [](Mutator& m, Attempt* a) { m.ChangeText(&m.SignedField(&a->request).first); }},
      {"lost field",
       [](Mutator& m, Attempt* a) { a->request.Remove(m.SignedField(&a->request).first); }},
      {"field twice",
       [](Mutator& m, Attempt* a) {
         auto field = m.SignedField(&a->request);
         if (m.Below(2)) m.ChangeText(&field.second);
         a->request.fields.insert(a->request.fields.begin() +
                                      static_cast<ptrdiff_t>(m.Below(a->request.fields.size() + 1)),
                                  field);
       }},
      {"new field",
       [](Mutator& m, Attempt* a) {
         a->request.fields.emplace_back("x-amz-new-" + std::to_string(m.Below(100)), "1");
       }},
  };
}

/// Of the signature itself.
Kinds SignatureKinds() {
  return {
      {"authorization",
       [](Mutator& m, Attempt* a) { m.ChangeByte(&m.Authorization(&a->request)); }},
      {"shorter authorization",
       [](Mutator& m, Attempt* a) {
         std::string& text = m.Authorization(&a->request);
         text.resize(m.Below(text.size()));
       }},
      {"other key",
       [](Mutator&, Attempt* a) {
         const std::string from = testing::Key('A').access_key_id;
         const std::string to = testing::Key('B').access_key_id;
         for (auto* pairs : {&a->request.fields, &a->request.query}) {
           for (auto& [name, value] : *pairs) {
             if (const size_t at = value.find(from); at != std::string::npos) {
               value.replace(at, from.size(), to);
             }
           }
         }
       }},
      {"capital signature",
       [](Mutator&, Attempt* a) {
         for (auto* pairs : {&a->request.fields, &a->request.query}) {
           for (auto& [name, value] : *pairs) {
             const size_t begin = name == "X-Amz-Signature" ? 0 : value.find("Signature=");
             if (begin == std::string::npos) continue;
             std::transform(value.begin() + static_cast<ptrdiff_t>(begin), value.end(),
                            value.begin() + static_cast<ptrdiff_t>(begin),
                            [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
           }
         }
       }},
  };
}

/// Of when and where it is judged.
Kinds ScopeKinds() {
  return {
      {"time",
       [](Mutator& m, Attempt* a) {
         const std::string moved =
             io::aws::AmzDate(kNowMicros + (1 + static_cast<int64_t>(m.Below(240))) * 1'000'000);
         for (auto* pairs : {&a->request.fields, &a->request.query}) {
           for (auto& [name, value] : *pairs) {
             if (name == "x-amz-date" || name == "X-Amz-Date") value = moved;
           }
         }
       }},
      {"late",
       [](Mutator& m, Attempt* a) {
         a->rules.now_micros += (6 + static_cast<int64_t>(m.Below(10'000))) * kMinuteMicros;
       }},
      {"early",
       [](Mutator& m, Attempt* a) {
         a->rules.now_micros -= (16 + static_cast<int64_t>(m.Below(10'000))) * kMinuteMicros;
       }},
      {"other region", [](Mutator&, Attempt* a) { a->rules.regions = {"us-east-1", "eu-west-2"}; }},
      {"other service", [](Mutator&, Attempt* a) { a->rules.service += "-beta"; }},
  };
}

Kinds AllKinds() {
  Kinds all;
  for (const Kinds& kinds : {RequestKinds(), FieldKinds(), SignatureKinds(), ScopeKinds()})
    all.insert(all.end(), kinds.begin(), kinds.end());
  return all;
}

std::vector<Attempt> SignedRequests() {
  std::vector<Attempt> attempts;
  for (Request request : {testing::PutRecord(), testing::JavaPutRecord()}) {
    Signer().Sign(&request);
    attempts.push_back({std::move(request), Rules()});
  }
  Request presigned = testing::CallerIdentity();
  Signer{.service = "sts"}.Presign(&presigned, "60");
  attempts.push_back({std::move(presigned), Rules("sts")});
  return attempts;
}

std::string Words(const Request& request) {
  std::string words = request.method + " " + request.path + "\n";
  for (const auto* pairs : {&request.query, &request.fields}) {
    for (const auto& [name, value] : *pairs)
      words += "  " + name + ": " + value + "\n";
  }
  return words + request.body;
}

bool IsTheSame(const Request& a, const Request& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.fields == b.fields &&
         a.body == b.body;
}

TEST(SigV4Mutations, RefusesEveryMutation) {
  constexpr int kRounds = 60;
  int64_t mutated = 0;
  int64_t accepted = 0;
  const Kinds kinds = AllKinds();
  for (const Attempt& original : SignedRequests()) {
    ASSERT_TRUE(Judge(original.request, original.rules).ok());
    for (const Mutator::Kind& kind : kinds) {
      for (int round = 0; round < kRounds; ++round) {
        Mutator mutator(static_cast<uint64_t>(mutated) + 1);
        Attempt attempt = original;
        kind.change(mutator, &attempt);
        ++mutated;
        if (!Judge(attempt.request, attempt.rules).ok()) continue;
        // What came out is what was signed: a lost byte of a run of equal ones, say.
        if (IsTheSame(attempt.request, original.request)) continue;
        ++accepted;
        ADD_FAILURE() << kind.name << " was accepted:\n" << Words(attempt.request);
      }
    }
  }
  EXPECT_GE(mutated, 3'000);
  EXPECT_EQ(accepted, 0);
}

}  // namespace
}  // namespace tapelake::security
