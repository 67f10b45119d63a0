// SPDX-License-Identifier: Apache-2.0

package hygiene

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fuzzed names, for each function that takes bytes apart which somebody else
// wrote, the fuzz target that feeds it. make fuzz runs them all.
var fuzzed = map[string]string{
	"internal/approval.Read":             "internal/approval.FuzzVerify",
	"internal/approval.Verify":           "internal/approval.FuzzVerify",
	"internal/artifact.ReadRawOrder":     "internal/artifact.FuzzReadRaw",
	"internal/artifact.ReadRawSnapshot":  "internal/artifact.FuzzReadRaw",
	"internal/artifact.decodeConfig":     "internal/artifact.FuzzDecodeConfig",
	"internal/artifact.rangeStart":       "internal/artifact.FuzzRangeStart",
	"internal/autoscale.ReadCounters":    "internal/autoscale.FuzzReadCounters",
	"internal/block.Decode":              "internal/block.FuzzDecode",
	"internal/bundle.NewReader":          "internal/bundle.FuzzReader",
	"internal/delta.Apply":               "internal/delta.FuzzApply",
	"internal/envelope.Verify":           "internal/envelope.FuzzVerify",
	"internal/erasure.DecodeLedger":      "internal/erasure.FuzzDecodeLedger",
	"internal/erasure.Verify":            "internal/erasure.FuzzVerify",
	"internal/garbage.ReadOptions":       "internal/garbage.FuzzReadOptions",
	"internal/join.ParsePublicKey":       "internal/join.FuzzReadRequest",
	"internal/join.ReadInvitation":       "internal/join.FuzzReadInvitation",
	"internal/join.ReadRequest":          "internal/join.FuzzReadRequest",
	"internal/keyring.Parse":             "internal/keyring.FuzzParse",
	"internal/matcher/mrz.Parse":         "internal/matcher/mrz.FuzzParse",
	"internal/order.Open":                "internal/order.FuzzOpen",
	"internal/order.OpenFeeds":           "internal/order.FuzzOpen",
	"internal/pki.ParseID":               "internal/pki.FuzzParseID",
	"internal/publisher.ParseKey":        "internal/publisher.FuzzParseKey",
	"internal/publisher.Verify":          "internal/publisher.FuzzVerify",
	"internal/publisher.VerifyImage":     "internal/publisher.FuzzVerifyImage",
	"internal/registry.parseAccess":      "internal/registry.FuzzParseAccess",
	"internal/registry.references":       "internal/registry.FuzzReferences",
	"internal/report.ParseTaken":         "internal/report.FuzzParseTaken",
	"internal/report.Verify":             "internal/report.FuzzVerify",
	"internal/screen.DecodeRequest":      "internal/screen.FuzzParseRequest",
	"internal/screen.DecodeVerify":       "internal/screen.FuzzParseVerify",
	"internal/screen.ParseRequest":       "internal/screen.FuzzParseRequest",
	"internal/screen.ParseVerify":        "internal/screen.FuzzParseVerify",
	"internal/seal.Open":                 "internal/seal.FuzzOpen",
	"internal/seal.OpenBytes":            "internal/seal.FuzzOpen",
	"internal/snapshot.FromBytes":        "internal/snapshot.FuzzOpen",
	"internal/snapshot.DecodeRow":        "internal/snapshot.FuzzOpen",
	"internal/snapshot.Open":             "internal/snapshot.FuzzOpen",
	"internal/snapshot.ParseHeader":      "internal/snapshot.FuzzOpen",
	"internal/trust.DescribeBundle":      "internal/trust.FuzzDescribe",
	"internal/trust.DescribeRoot":        "internal/trust.FuzzDescribe",
	"internal/trust.ReadBatch":           "internal/trust.FuzzReadBatch",
	"internal/trust.VerifyAt":            "internal/trust.FuzzVerify",
	"internal/watchlist.Parse":           "internal/watchlist.FuzzUNXML",
	"internal/watchlist.DecodeRecord":    "internal/watchlist.FuzzFrontlineJSONL",
	"internal/watchlist/edtf.Parse":      "internal/watchlist/edtf.FuzzParse",
	"internal/watchlist/edtf.ParsePoint": "internal/watchlist/edtf.FuzzParse",
	"internal/watchlist/xmlscan.New":     "internal/watchlist/xmlscan.FuzzScanner",
}

// inside names what reads nothing from outside, with the reason.
var inside = map[string]string{
	"internal/approval.ParseKey":         "a key in the spec of a feed, which its owner wrote",
	"internal/approval.ParsePrivateKey":  "the signer's own key",
	"internal/artifact.ReadCredential":   "files of the installation, taken as they are",
	"internal/canonical.UnmarshalStrict": "encoding/json under rules; the targets of its callers feed it",
	"internal/bundle.Describe":           "NewReader, and a statement of trust, which targets feed",
	"internal/dataset.OpenDir":           "names a folder",
	"internal/dataset.ReadAck":           "written by the matcher of the same pod",
	"internal/envelope.Payload":          "the targets of its callers feed it",
	"internal/feedkey.Parse":             "compares a length",
	"internal/feedkey.ParseRecordKey":    "decodes base64 and compares a length",
	"internal/front.ParseConfig":         "written by the agent into the pod's own template",
	"internal/httpserver.LoadIdentity":   "certificates of the installation",
	"internal/keyring.ParsePublic":       "crypto/x509 alone; holders' own files",
	"internal/keyring.ReadFile":          "opens a file for Parse",
	"internal/keyring.Verify":            "compares a signature",
	"internal/pki.LoaderID":              "writes, and reads nothing",
	"internal/pki.ParseCA":               "crypto/x509 alone; the installation's own",
	"internal/pki.ParseCertificate":      "crypto/x509 alone",
	"internal/pki.ParseKey":              "crypto/x509 alone; the installation's own",
	"internal/pki.ParsePool":             "crypto/x509 alone",
	"internal/publisher.VerifyFile":      "opens a file for Verify",
	"internal/region.OpenStore":          "the agent's own folder",
	"internal/trust.Open":                "the client's own folder",
	"internal/trust.OpenLastVerified":    "canonical JSON in an envelope, both fed by targets, of the region's own key",
	"internal/watchlist.ParseFormat":     "looks a name up",
	"internal/watchlist/reading.Read":    "an independent reading for tests alone",
}

// decoderName tells by its name that a function takes bytes apart.
var decoderName = regexp.MustCompile(`^(Decode|Parse|Read|Open|Verify|Unmarshal|Load|Describe)([A-Z]|$)|^New\w*(Reader|Scanner|Decoder)$`)

// function is a function of the module; takes lists the types of its parameters.
type function struct {
	name  string
	takes []string
}

func functions(t *testing.T) (code, targets []function) {
	t.Helper()
	for _, f := range tree(t) {
		if !strings.HasSuffix(f.path, ".go") || strings.Contains(f.path, "/testdata/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.data, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			declared, ok := d.(*ast.FuncDecl)
			if !ok || declared.Recv != nil {
				continue
			}
			one := function{name: path.Dir(f.path) + "." + declared.Name.Name}
			for _, p := range declared.Type.Params.List {
				one.takes = append(one.takes, typeName(p.Type))
			}
			if strings.HasSuffix(f.path, "_test.go") {
				targets = append(targets, one)
			} else {
				code = append(code, one)
			}
		}
	}
	return code, targets
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.ArrayType:
		return "[]" + typeName(e.Elt)
	}
	return ""
}

// undecided are the decoders of internal/ that neither table names.
func undecided(code []function) []string {
	var found []string
	for _, f := range code {
		folder, name := path.Split(strings.Replace(f.name, ".", "/", 1))
		takesBytes := slices.ContainsFunc(f.takes, func(s string) bool { return s == "[]byte" || s == "string" || s == "io.Reader" })
		if !strings.HasPrefix(folder, "internal/") || strings.HasPrefix(folder, "internal/cli/") || strings.HasSuffix(folder, "test/") ||
			!decoderName.MatchString(name) || !takesBytes {
			continue
		}
		if fuzzed[f.name] == "" && inside[f.name] == "" {
			found = append(found, f.name)
		}
	}
	return found
}

// Whoever adds a function that takes bytes apart decides whether they come from
// outside, and if so gives it a fuzz target.
func TestDecodersAreFuzzed(t *testing.T) {
	code, targets := functions(t)
	is := func(in []function, name string) bool {
		return slices.ContainsFunc(in, func(f function) bool { return f.name == name })
	}
	for decoder, target := range fuzzed {
		if !is(code, decoder) {
			t.Errorf("%s is not there any more; remove it from the table fuzzed", decoder)
		}
		if !is(targets, target) {
			t.Errorf("%s, which feeds %s, is not there", target, decoder)
		}
	}
	for decoder, reason := range inside {
		if !is(code, decoder) {
			t.Errorf("%s is not there any more; remove it from the table inside", decoder)
		}
		if reason == "" {
			t.Errorf("%s reads nothing from outside; say why", decoder)
		}
	}
	for _, name := range undecided(code) {
		t.Errorf("%s takes bytes apart: give it a fuzz target and a row in the table fuzzed, or a reason in the table inside", name)
	}
}

func TestUndecidedDecoderIsFound(t *testing.T) {
	got := undecided([]function{
		{name: "internal/new.DecodeLetter", takes: []string{"[]byte"}},
		{name: "internal/new.Opened", takes: []string{"string"}},
		{name: "internal/new.ReadClock", takes: []string{"time.Time"}},
		{name: "internal/order.Open", takes: []string{"[]byte"}},
		{name: "controllers/hub.ParseName", takes: []string{"string"}},
	})
	if len(got) != 1 || got[0] != "internal/new.DecodeLetter" {
		t.Errorf("found %v, want internal/new.DecodeLetter alone", got)
	}
}
