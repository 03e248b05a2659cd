/** Flex's configuration: among much else, which workspace is Flex's. */
import { workflow } from "../Rules.ts"
import { named } from "../Sid.ts"
import type { Route } from "../Router.ts"
import { isoDate } from "../taskrouter/Dates.ts"
import { flexWorkspace, type World } from "../World.ts"

export const routes = (world: World): ReadonlyArray<Route> => [
  {
    host: "flex",
    resource: "configuration",
    method: "GET",
    path: "/v1/Configuration",
    answer: ({ url }) => {
      const workspace = flexWorkspace(world)
      const date = isoDate(workspace.created)
      // Documented: the fields. Assumed: what an account that has set up little finds in them.
      return {
        response: Response.json({
          account_sid: world.accountSid,
          date_created: date,
          date_updated: date,
          attributes: {},
          status: "ok",
          taskrouter_workspace_sid: workspace.sid,
          taskrouter_target_workflow_sid: named("WW", workflow),
          taskrouter_target_taskqueue_sid: named("WQ", "Everyone"),
          taskrouter_taskqueues: [],
          taskrouter_skills: [],
          taskrouter_worker_channels: {},
          taskrouter_worker_attributes: {},
          taskrouter_offline_activity_sid: named("WA", "Offline"),
          runtime_domain: "https://flex.twilio.com",
          messaging_service_instance_sid: null,
          chat_service_instance_sid: named("IS", "conversations"),
          flex_service_instance_sid: named("IS", "flex"),
          flex_instance_sid: named("GO", "flex"),
          ui_language: "en",
          ui_attributes: {},
          ui_dependencies: {},
          ui_version: "2",
          service_version: "1",
          call_recording_enabled: false,
          call_recording_webhook_url: null,
          crm_enabled: true,
          crm_type: "custom",
          crm_callback_url: "https://crm.example.com/panel?secret=do-not-show",
          crm_fallback_url: null,
          crm_attributes: {},
          public_attributes: {},
          plugin_service_enabled: true,
          plugin_service_attributes: {},
          integrations: [],
          outbound_call_flows: {},
          serverless_service_sids: [],
          queue_stats_configuration: {},
          notifications: {},
          markdown: {},
          url: `${url.origin}/v1/Configuration`,
          flex_insights_hr: {},
          flex_insights_drilldown: false,
          flex_url: null,
          channel_configs: [],
          debugger_integration: {},
          flex_ui_status_report: {},
          agent_conv_end_methods: {},
          citrix_voice_vdi: {},
          offline_config: {}
        }),
        note: "fetched"
      }
    }
  }
]
