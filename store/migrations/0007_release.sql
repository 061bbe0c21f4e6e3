-- Release: proposals, decisions, approvals, releases; keys and the signed heads of the audit log.

CREATE TABLE proposal (
    id INTEGER NOT NULL,
    run_id INTEGER,
    candidate VARCHAR NOT NULL,
    branch INTEGER NOT NULL,
    step BIGINT NOT NULL,
    checkpoint VARCHAR NOT NULL,
    checkpoint_sha256 VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    merged BOOLEAN NOT NULL,
    digests JSON NOT NULL,
    answers JSON NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    data JSON NOT NULL
);
COMMENT ON TABLE proposal IS 'Folders that were built to be released, each from one checkpoint.';
COMMENT ON COLUMN proposal.id IS 'Number in this store.';
COMMENT ON COLUMN proposal.run_id IS 'Run of the checkpoint; null where it was removed.';
COMMENT ON COLUMN proposal.candidate IS 'RUN@STEP.';
COMMENT ON COLUMN proposal.branch IS 'Branch of the run.';
COMMENT ON COLUMN proposal.step IS 'Step after which the checkpoint was written.';
COMMENT ON COLUMN proposal.checkpoint IS 'Folder of the checkpoint, relative to the store''s root.';
COMMENT ON COLUMN proposal.checkpoint_sha256 IS 'Digest of the checkpoint, as in checkpoint.sha256.';
COMMENT ON COLUMN proposal.path IS 'The folder that was built, relative to the store''s root.';
COMMENT ON COLUMN proposal.sha256 IS 'Digest of its manifest, which holds the digest of every file: what is released.';
COMMENT ON COLUMN proposal.merged IS 'Whether the adapter was taken into the weights of its base.';
COMMENT ON COLUMN proposal.digests IS 'SHA-256 of base, tokenizer, adapter, weights, data, chat template and generation config; null for what there is none of.';
COMMENT ON COLUMN proposal.answers IS 'Campaigns whose answers the folder gave again: campaign, n, differing, first items that differ.';
COMMENT ON COLUMN proposal.created IS 'When it was built.';
COMMENT ON COLUMN proposal.created_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN proposal.data IS 'Base, versions, seed, owner of the run.';

CREATE TABLE decision (
    id INTEGER NOT NULL,
    proposal_id INTEGER NOT NULL,
    environment VARCHAR NOT NULL,
    policy_sha256 VARCHAR NOT NULL,
    evidence_sha256 VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    decision VARCHAR NOT NULL,
    checks JSON NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
COMMENT ON TABLE decision IS 'What the gate said of evidence that somebody approved, refused or released on.';
COMMENT ON COLUMN decision.id IS 'Number in this store.';
COMMENT ON COLUMN decision.proposal_id IS 'What was decided about.';
COMMENT ON COLUMN decision.environment IS 'Where it was to be released.';
COMMENT ON COLUMN decision.policy_sha256 IS 'By which policy.';
COMMENT ON COLUMN decision.evidence_sha256 IS 'SHA-256 of evidence; unique with proposal and environment.';
COMMENT ON COLUMN decision.evidence IS 'All that it was decided on, as canonical JSON (RFC 8785).';
COMMENT ON COLUMN decision.decision IS 'pass, fail or inconclusive.';
COMMENT ON COLUMN decision.checks IS 'The checks: name, value, limit, result, says.';
COMMENT ON COLUMN decision.created IS 'When it was first looked at so.';
COMMENT ON COLUMN decision.created_by IS 'By whom, as in audit.actor.';

CREATE TABLE approval (
    id INTEGER NOT NULL,
    proposal_id INTEGER NOT NULL,
    decision_id INTEGER NOT NULL,
    environment VARCHAR NOT NULL,
    evidence_sha256 VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    user_id INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    way VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    key_id VARCHAR NOT NULL,
    envelope VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE approval IS 'What leads signed; rows are only ever appended.';
COMMENT ON COLUMN approval.id IS 'Number in this store.';
COMMENT ON COLUMN approval.proposal_id IS 'What it is about.';
COMMENT ON COLUMN approval.decision_id IS 'The decision that was looked at.';
COMMENT ON COLUMN approval.environment IS 'Where it may be released.';
COMMENT ON COLUMN approval.evidence_sha256 IS 'The evidence that was signed; of any other it says nothing.';
COMMENT ON COLUMN approval.kind IS 'approve, refuse, or override where the gate does not pass.';
COMMENT ON COLUMN approval.user_id IS 'Who.';
COMMENT ON COLUMN approval.role IS 'Role by which it was allowed.';
COMMENT ON COLUMN approval.way IS 'How the person came in: local, oidc, or key for a key of one''s own.';
COMMENT ON COLUMN approval.reason IS 'Why, in the person''s words; may be empty for approve.';
COMMENT ON COLUMN approval.key_id IS 'Key that signed it: the server''s, or the person''s own.';
COMMENT ON COLUMN approval.envelope IS 'The signed statement (in-toto Statement in a DSSE envelope, JSON).';
COMMENT ON COLUMN approval.created IS 'When.';

CREATE TABLE release (
    id INTEGER NOT NULL,
    environment VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    proposal_id INTEGER NOT NULL,
    decision_id INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    override BOOLEAN NOT NULL,
    reason VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    bundle VARCHAR NOT NULL,
    envelope VARCHAR NOT NULL,
    statement VARCHAR NOT NULL
);
COMMENT ON TABLE release IS 'What was live where: the newest row of an environment is what is live; rows are only ever appended.';
COMMENT ON COLUMN release.id IS 'Number in this store.';
COMMENT ON COLUMN release.environment IS 'Where, such as prod.';
COMMENT ON COLUMN release.kind IS 'release, or restore where an earlier one was put back.';
COMMENT ON COLUMN release.version IS 'Number that people call it by (v3), from 1 in each environment; a restore has that of what it puts back.';
COMMENT ON COLUMN release.proposal_id IS 'What.';
COMMENT ON COLUMN release.decision_id IS 'On which decision.';
COMMENT ON COLUMN release.sha256 IS 'Digest of the folder, as in proposal.sha256.';
COMMENT ON COLUMN release.override IS 'Whether the gate did not pass, and leads released it all the same; for ever.';
COMMENT ON COLUMN release.reason IS 'Why; wanted for a restore.';
COMMENT ON COLUMN release.created IS 'Since when.';
COMMENT ON COLUMN release.created_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN release.role IS 'Role by which it was allowed.';
COMMENT ON COLUMN release.bundle IS 'bundle.json, as it was written.';
COMMENT ON COLUMN release.envelope IS 'bundle.intoto.json, as it was written: the server''s signature over the bundle.';
COMMENT ON COLUMN release.statement IS 'restore.intoto.json, as it was written: the server''s signature over a restore; empty for a release.';

CREATE TABLE confirmation (
    environment VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    host VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
COMMENT ON TABLE confirmation IS 'What servers said they run; rows are only ever appended.';
COMMENT ON COLUMN confirmation.environment IS 'Where.';
COMMENT ON COLUMN confirmation.sha256 IS 'Digest of the folder that was loaded.';
COMMENT ON COLUMN confirmation.host IS 'Name of the server.';
COMMENT ON COLUMN confirmation.created IS 'When it said so.';
COMMENT ON COLUMN confirmation.created_by IS 'By whom, as in audit.actor.';

CREATE TABLE signing_key (
    key_id VARCHAR NOT NULL,
    user_id INTEGER,
    public_key VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    retired TIMESTAMP
);
COMMENT ON TABLE signing_key IS 'Public keys whose signatures this store takes; nobody else trusts them for being here.';
COMMENT ON COLUMN signing_key.key_id IS 'SHA-256 of the public key''s 32 bytes; unique.';
COMMENT ON COLUMN signing_key.user_id IS 'Whose; null for the server''s own.';
COMMENT ON COLUMN signing_key.public_key IS 'The public key (Ed25519, PEM).';
COMMENT ON COLUMN signing_key.created IS 'Since when it counts.';
COMMENT ON COLUMN signing_key.created_by IS 'Who registered it, as in audit.actor.';
COMMENT ON COLUMN signing_key.retired IS 'Since when it counts no longer.';

CREATE TABLE audit_head (
    seq BIGINT NOT NULL,
    hash VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    key_id VARCHAR NOT NULL,
    signature VARCHAR NOT NULL
);
COMMENT ON TABLE audit_head IS 'Ends of the audit log that the server signed: what is cut off or written anew no longer fits them.';
COMMENT ON COLUMN audit_head.seq IS 'audit.seq of the row that was last then.';
COMMENT ON COLUMN audit_head.hash IS 'Its hash.';
COMMENT ON COLUMN audit_head.created IS 'When it was signed.';
COMMENT ON COLUMN audit_head.key_id IS 'The server''s key.';
COMMENT ON COLUMN audit_head.signature IS 'Ed25519 over the canonical JSON of seq, hash and created, base64.';

COMMENT ON COLUMN request.kind IS 'stop-and-save, save-now, pause, continue, note, rollback, evaluate, open-campaign, propose or check-data.';
COMMENT ON COLUMN pin.target_kind IS 'checkpoint, export, adapter, base, tokenizer, answers or dataset.';
COMMENT ON COLUMN pin.holder_kind IS 'run, campaign, proposal, approval or release.';
