using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.Plan;

/// <summary>
/// What saved states of one kind of entity keep of their events, by name, so that states outlive the feature set
/// that wrote them. Its text says everything of it; a state carries the text's hash.
/// </summary>
internal sealed class StateLayout
{
    /// <summary>Stands for the events themselves among the <see cref="Components"/>.</summary>
    public const string Events = "events";

    public const string Amount = "amount";

    public const string Label = "label";

    private const string IdsLine = "ids";
    private const string SessionsLine = "sessions";

    public StateLayout(string text)
    {
        Text = text;
        Hash = Hash64.Of(Encoding.UTF8.GetBytes(text));
        var lines = text.Split('\n');
        var values = lines.Select(l => l.Split(' ', 2)).ToLookup(l => l[0], l => l.Length > 1 ? l[1] : "");
        Key = values["key"].Single();
        HoldMicros = long.Parse(values["hold"].Single(), CultureInfo.InvariantCulture);
        MaxEvents = int.Parse(values["max"].Single(), CultureInfo.InvariantCulture);
        FlagBytes = int.Parse(values["flags"].Single(), CultureInfo.InvariantCulture);
        KeepsIds = lines.Contains(IdsLine);
        KeepsAmounts = lines.Contains(Amount);
        KeepsLabels = lines.Contains(Label);
        KeepsSessions = lines.Contains(SessionsLine);
        Fields = [.. values["field"]];
        Filters = [.. values["where"]];
        Components = [Events, .. lines.Where(l => l is Amount or Label || l.StartsWith("field ", StringComparison.Ordinal) || l.StartsWith("where ", StringComparison.Ordinal))];
    }

    public string Text { get; }

    public ulong Hash { get; }

    /// <summary>The event field that is the entity's key.</summary>
    public string Key { get; }

    /// <summary>How long an event is held after the entity's newest, in microseconds.</summary>
    public long HoldMicros { get; }

    public int MaxEvents { get; }

    public int FlagBytes { get; }

    public bool KeepsIds { get; }

    public bool KeepsAmounts { get; }

    public bool KeepsLabels { get; }

    public bool KeepsSessions { get; }

    /// <summary>The fields of the value tables, in their order.</summary>
    public string[] Fields { get; }

    /// <summary>The filters of the flags, from bit 1 on.</summary>
    public string[] Filters { get; }

    /// <summary>Everything that a feature may need of the events.</summary>
    public string[] Components { get; }

    public int EventBytes => 8 + (KeepsIds ? 8 : 0) + (KeepsAmounts ? 8 : 0) + (8 * Fields.Length) + FlagBytes;

    /// <summary>What a distinct or frequency of the field needs.</summary>
    public static string FieldComponent(string field) => "field " + field;

    /// <summary>What a feature with the filter needs.</summary>
    public static string FilterComponent(string canonical) => "where " + canonical;

    /// <summary>The layout of a plan.</summary>
    public static StateLayout Of(EntityPlan plan, string key, IEnumerable<string> fields, IEnumerable<string> filters)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"key {key}\nhold {plan.HoldMicros}\nmax {plan.MaxEvents}\nflags {plan.FlagBytes}");
        Line(plan.KeepsIds, IdsLine);
        Line(plan.KeepsAmounts, Amount);
        foreach (var field in fields)
            Line(true, FieldComponent(field));
        Line(plan.HasLabels, Label);
        foreach (var filter in filters)
            Line(plan.FlagBytes > 0, FilterComponent(filter));
        Line(plan.MerchantTable >= 0, SessionsLine);
        return new StateLayout(text.ToString());

        void Line(bool isKept, string line) => text.Append(isKept ? "\n" + line : "");
    }
}
