#include "app/door_certificate.h"
#include "app/lake_folder.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/file_flags.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/words.h"
#include "security/key_file.h"

namespace tapelake::cli {
namespace {

constexpr size_t kNameWidth = 24;

/// What the verbs share: the lake whose keys they are.
class KeysCommand : public Command {
 public:
  void Declare(Options& options) override {
    DeclareLake(options, &lake_);
    DeclareMore(options);
  }

 protected:
  virtual void DeclareMore(Options& options) = 0;

  /// Errors: kInvalid (the lake lies where no pipeline can run).
  Result<std::string> LakePath(const Context& context) const {
    std::string lake = lake_.value_or(context.config.lake.path);
    TAPELAKE_RETURN_NOT_OK(app::CheckLakeIsLocal(lake));
    return lake;
  }
  Result<std::string> KeyFile(const Context& context) const {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string lake, LakePath(context));
    return app::KeyFilePath(lake);
  }

 private:
  std::optional<std::string> lake_;
};

/// `2026-11-22 19:02:04`
std::string TimeWords(int64_t micros) {
  std::string text = base::FormatIso8601Micros(micros).substr(0, 19);
  text[10] = ' ';
  return text;
}

void WriteKey(const security::AccessKey& key, base::JsonWriter* writer) {
  writer->Key("access_key_id").String(key.access_key_id);
  writer->Key("name").String(key.name);
  writer->Key("created").String(base::FormatIso8601Micros(key.created_micros));
}

class KeysCreateCommand : public KeysCommand {
 public:
  Result<int> Run(Context& context) override {
    if (!security::IsKeyName(name_)) {
      return MakeError(ErrorKind::kInvalid, "'" + Printable(name_) +
                                                "' is no name of a key\nhint: 1 to 64 of "
                                                "A-Z a-z 0-9 _ . @ -");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const std::string path, KeyFile(context));
    const security::AccessKey key =
        security::MakeAccessKey(context.world.random, name_, context.world.clock.WallMicros());
    TAPELAKE_RETURN_NOT_OK(
        security::ChangeKeyFile(context.world.files.local(), path,
                                [&key](security::KeySet* keys) { return keys->Add(key); }));
    if (!json_) {
      Print("AWS_ACCESS_KEY_ID=" + key.access_key_id +
            "\nAWS_SECRET_ACCESS_KEY=" + key.secret_access_key + "\n");
      return kExitOk;
    }
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject();
    WriteKey(key, &writer);
    writer.Key("secret_access_key").String(key.secret_access_key).EndObject();
    Print(out + "\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Text({.name = "--name",
                  .placeholder = "NAME",
                  .sentence = "Whose it is, for people; stands in GetCallerIdentity."},
                 &name_);
    options.Flag(
        {.name = "--json", .placeholder = "", .sentence = "Print the pair as one JSON object."},
        &json_);
  }

 private:
  std::string name_ = "default";
  bool json_ = false;
};

class KeysListCommand : public KeysCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string path, KeyFile(context));
    TAPELAKE_ASSIGN_OR_RAISE(const security::KeySet keys,
                             security::ReadKeyFile(context.world.files, path));
    for (const security::AccessKey& key : keys.keys()) {
      if (!json_) {
        Print(key.access_key_id + "  " + Padded(key.name, kNameWidth) + "  " +
              TimeWords(key.created_micros) + "\n");
        continue;
      }
      std::string out;
      base::JsonWriter writer(&out);
      writer.BeginObject();
      WriteKey(key, &writer);
      writer.EndObject();
      Print(out + "\n");
    }
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Flag(
        {.name = "--json", .placeholder = "", .sentence = "One JSON object per key and line."},
        &json_);
  }

 private:
  bool json_ = false;
};

class KeysRevokeCommand : public KeysCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string path, KeyFile(context));
    TAPELAKE_RETURN_NOT_OK(security::ChangeKeyFile(
        context.world.files.local(), path,
        [this](security::KeySet* keys) { return keys->Remove(ids_.front()); }));
    Print(ids_.front() + " is revoked\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Positional({.name = "",
                        .placeholder = "ACCESS_KEY_ID",
                        .sentence = "The key to take back.",
                        .required = true},
                       &ids_);
  }

 private:
  std::vector<std::string> ids_;
};

class KeysCertifyCommand : public KeysCommand {
 public:
  Result<int> Run(Context& context) override {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string lake, LakePath(context));
    TAPELAKE_ASSIGN_OR_RAISE(const app::CertifiedDoor done,
                             app::CertifyDoor(context.world, lake, hosts_));
    const std::string until = base::FormatDate(done.facts.not_after_micros);
    if (!json_) {
      PrintNote("the certificate is for " + Listed(done.facts.hosts) + ", until " + until +
                "; a running door shows it within a second");
      if (done.new_authority) PrintNote("the authority is new: clients must trust it");
      Print("AWS_CA_BUNDLE=" + done.trusted_path + "\n");
      return kExitOk;
    }
    std::string out;
    base::JsonWriter writer(&out);
    writer.BeginObject().Key("ca").String(done.trusted_path);
    writer.Key("new_authority").Bool(done.new_authority).Key("hosts").BeginArray();
    for (const std::string& host : done.facts.hosts)
      writer.String(host);
    writer.EndArray().Key("until").String(until).EndObject();
    Print(out + "\n");
    return kExitOk;
  }

 protected:
  void DeclareMore(Options& options) override {
    options.Flag(
        {.name = "--json", .placeholder = "", .sentence = "Print the result as one JSON object."},
        &json_);
    options.Positional({.name = "",
                        .placeholder = "HOST",
                        .sentence = "A name or address by which clients reach the door, besides "
                                    "localhost.",
                        .repeated = true},
                       &hosts_);
  }

 private:
  static std::string Listed(const std::vector<std::string>& hosts) {
    std::string text;
    for (const std::string& host : hosts)
      text += (text.empty() ? "" : ", ") + host;
    return text;
  }

  std::vector<std::string> hosts_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeKeysCertifyCommand() {
  return std::make_unique<KeysCertifyCommand>();
}

std::unique_ptr<Command> MakeKeysCreateCommand() {
  return std::make_unique<KeysCreateCommand>();
}

std::unique_ptr<Command> MakeKeysListCommand() {
  return std::make_unique<KeysListCommand>();
}

std::unique_ptr<Command> MakeKeysRevokeCommand() {
  return std::make_unique<KeysRevokeCommand>();
}

}  // namespace tapelake::cli
