// SPDX-License-Identifier: Apache-2.0

package screen

// Outcome says how complete an answer is. It is never a decision about a person.
type Outcome string

// The outcomes of a search.
const (
	// NoCandidate: everything wanted was searched and nothing resembles the subject.
	NoCandidate Outcome = "NoCandidate"
	// Candidates: at least one record resembles the subject; Unavailable still lists what was missed.
	Candidates Outcome = "Candidates"
	// Incomplete: no candidate, and something wanted was not searched.
	Incomplete Outcome = "Incomplete"
	// OutcomeUnavailable: nothing could be searched at all.
	OutcomeUnavailable Outcome = "Unavailable"
)

// Reason says why a feed was not searched. The set may grow; clients treat an
// unknown reason as "not searched".
type Reason string

// The reasons a feed is named in Answer.Unavailable. The last two are of verifications alone.
const (
	// ReasonStale: the last order is older than the feed's stop limit.
	ReasonStale Reason = "Stale"
	// ReasonLegalBasis: the legal basis of the feed has ended.
	ReasonLegalBasis Reason = "LegalBasis"
	// ReasonPurpose: the feed may not be used for the purpose of the request.
	ReasonPurpose Reason = "Purpose"
	// ReasonLocked: the order keeps the feed locked.
	ReasonLocked Reason = "Locked"
	// ReasonNotProvisioned: no release of the feed was ever ordered here.
	ReasonNotProvisioned Reason = "NotProvisioned"
	// ReasonLoading: a release is ordered and not yet loaded.
	ReasonLoading Reason = "Loading"
	// ReasonModality: the engine cannot search what the subject was given by.
	ReasonModality Reason = "Modality"
	// ReasonProtection: the feed's owner excludes people with this protection.
	ReasonProtection Reason = "Protection"
	// ReasonRegion: the feed may not be held in this region.
	ReasonRegion Reason = "Region"
	// ReasonUnreachable: the pool that holds the feed gave no answer.
	ReasonUnreachable Reason = "Unreachable"
	// ReasonNoRecord: the feed has no record of the reference that may be compared. It is
	// not on the list, past its own end, or blocked; which of these is never said.
	ReasonNoRecord Reason = "NoRecord"
	// ReasonNothingInCommon: no field is known of both sides, so nothing was compared.
	ReasonNothingInCommon Reason = "NothingInCommon"
)

// Reasons lists every reason this version knows.
func Reasons() []Reason {
	return []Reason{
		ReasonStale, ReasonLegalBasis, ReasonPurpose, ReasonLocked, ReasonNotProvisioned,
		ReasonLoading, ReasonModality, ReasonProtection, ReasonRegion, ReasonUnreachable,
		ReasonNoRecord, ReasonNothingInCommon,
	}
}

// Mode says under which freshness an answer was given.
type Mode string

// The modes of an answer, from best to worst; Bench is the lab's alone.
const (
	// ModeOnline: every searched feed is within its mark limit.
	ModeOnline Mode = "Online"
	// ModeMarked: at least one searched feed is past its mark limit and below its stop limit.
	ModeMarked Mode = "Marked"
	// ModeOffline: the post answers on its own, past the limits of its link.
	ModeOffline Mode = "Offline"
	// ModeBench: the answer of a lab program on plain files, never of a post.
	ModeBench Mode = "Bench"
)

// Purpose is why a search is made. Feeds name the purposes they may be used for;
// posts name the purposes they have.
type Purpose string

// The purposes, spelled the same in manifests, requests and code.
const (
	// PurposeBorderControl: checks on people crossing a border.
	PurposeBorderControl Purpose = "BorderControl"
	// PurposeLawEnforcement: searches by police on the ground of a case.
	PurposeLawEnforcement Purpose = "LawEnforcement"
	// PurposeAsylumReception: identification of people who ask for protection.
	PurposeAsylumReception Purpose = "AsylumReception"
	// PurposeMissingPersons: tracing of missing people and people at risk.
	PurposeMissingPersons Purpose = "MissingPersons"
	// PurposeCarrierCheck: documents checked by a carrier before boarding.
	PurposeCarrierCheck Purpose = "CarrierCheck"
	// PurposeVisaExamination: examination of an application for a visa.
	PurposeVisaExamination Purpose = "VisaExamination"
)

// Purposes lists every purpose.
func Purposes() []Purpose {
	return []Purpose{
		PurposeBorderControl, PurposeLawEnforcement, PurposeAsylumReception,
		PurposeMissingPersons, PurposeCarrierCheck, PurposeVisaExamination,
	}
}

// Line is the line of a check.
type Line string

// The lines of a check. The second has the time for more candidates.
const (
	LineFirst  Line = "First"
	LineSecond Line = "Second"
)

// Lines lists every line.
func Lines() []Line { return []Line{LineFirst, LineSecond} }

// Direction is the traveller's direction of movement at the post.
type Direction string

// The directions.
const (
	DirectionEntry   Direction = "Entry"
	DirectionExit    Direction = "Exit"
	DirectionTransit Direction = "Transit"
)

// Directions lists every direction.
func Directions() []Direction {
	return []Direction{DirectionEntry, DirectionExit, DirectionTransit}
}

// Nature is what a record says about a person, so what an officer does first.
type Nature string

// The natures of records.
const (
	// NatureWanted: sought on the ground of a warrant, a notice or sanctions.
	NatureWanted Nature = "Wanted"
	// NatureMissing: reported missing.
	NatureMissing Nature = "Missing"
	// NatureAtRisk: at risk of harm, trafficking or abduction.
	NatureAtRisk Nature = "AtRisk"
	// NaturePriorEncounter: met before by an authority.
	NaturePriorEncounter Nature = "PriorEncounter"
	// NatureDocument: a lost, stolen or revoked document.
	NatureDocument Nature = "Document"
)

// Natures lists every nature.
func Natures() []Nature {
	return []Nature{NatureWanted, NatureMissing, NatureAtRisk, NaturePriorEncounter, NatureDocument}
}

// Protective reports whether candidates of this nature come before all others:
// the person may need help, whatever else is found.
func (n Nature) Protective() bool { return n == NatureAtRisk || n == NatureMissing }

// Grade is how far a feed's records may be relied upon.
type Grade string

// The grades. Matches with anything but Authoritative feeds are leads.
const (
	GradeAuthoritative Grade = "Authoritative"
	GradeShared        Grade = "Shared"
	GradeOSINT         Grade = "OSINT"
)

// Grades lists every grade.
func Grades() []Grade { return []Grade{GradeAuthoritative, GradeShared, GradeOSINT} }

// Modality is a kind of evidence an engine can search by.
type Modality string

// The modalities.
const (
	ModalityBiographic  Modality = "Biographic"
	ModalityDocument    Modality = "Document"
	ModalityFingerprint Modality = "Fingerprint"
	ModalityFace        Modality = "Face"
)

// Modalities lists every modality.
func Modalities() []Modality {
	return []Modality{ModalityBiographic, ModalityDocument, ModalityFingerprint, ModalityFace}
}

// Profile is a named set of thresholds of an engine.
type Profile string

// The accuracy profiles of a pool.
const (
	ProfileHighRecall    Profile = "HighRecall"
	ProfileBalanced      Profile = "Balanced"
	ProfileHighPrecision Profile = "HighPrecision"
)

// Profiles lists every profile.
func Profiles() []Profile { return []Profile{ProfileHighRecall, ProfileBalanced, ProfileHighPrecision} }

// Protection is a ground on which a person must be treated with special care.
type Protection string

// The protections a request may state.
const (
	ProtectionMinor        Protection = "Minor"
	ProtectionAsylumSeeker Protection = "AsylumSeeker"
	ProtectionRefugee      Protection = "Refugee"
	ProtectionTrafficked   Protection = "Trafficked"
)

// Protections lists every protection.
func Protections() []Protection {
	return []Protection{ProtectionMinor, ProtectionAsylumSeeker, ProtectionRefugee, ProtectionTrafficked}
}
